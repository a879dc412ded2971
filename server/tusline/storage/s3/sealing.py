"""From the last byte to one object, checked against the journal and what the store has."""

import hashlib
from collections.abc import Sequence

import structlog

from tusline.errors import BytesLost, TuslineError
from tusline.interfaces import Ledger
from tusline.storage.s3 import names
from tusline.storage.s3.building import Builder, Means
from tusline.storage.s3.faults import NotThere
from tusline.storage.s3.journal import Journal, Multipart, Opened, Original, Part
from tusline.storage.s3.segments import slices
from tusline.upload import Delta, Upload, UploadId

log = structlog.get_logger()


class Sealer:
    """Makes the finished object of an upload that is complete."""

    def __init__(self, means: Means) -> None:
        self._means = means

    async def seal(self, upload: Upload, token: int, ledger: Ledger) -> None:
        """Idempotent. Raises BytesLost where the store does not have what the journal names."""
        journal = Journal.of(upload)
        if journal.original is None:
            builder = Builder(upload, token, ledger, self._means)
            await builder.take_over()
            original = await self._made(builder, ledger)
            entries = tuple(Journal.of(builder.upload).entries)
            await ledger.record(Delta(journal=(original.entry(),), dropped=entries))
        await self._clear(upload, journal)

    async def _made(self, builder: Builder, ledger: Ledger) -> Original:
        journal, length = Journal.of(builder.upload), builder.upload.offset
        if journal.multipart is None and length <= builder.part_size:
            return await builder.original(slices(journal.segments, 0, length))
        while (start := Journal.of(builder.upload).parts_end) < length:
            stop = min(length, start + builder.part_size)
            await self._part(builder, ledger, start, stop)
        journal = Journal.of(builder.upload)
        if journal.multipart is None:
            raise BytesLost("the journal names no multipart upload")
        return await self.complete(builder.upload.id, journal.multipart, journal.parts)

    async def _part(self, builder: Builder, ledger: Ledger, start: int, stop: int) -> None:
        """Segments that are left become parts."""
        journal, number = Journal.of(builder.upload), builder.number()
        made = await builder.part(number, slices(journal.segments, start, stop), start)
        if made.size != stop - start:
            raise BytesLost("the journal names too few bytes")
        opened = Opened(number=number, token=builder.token).entry()
        fresh = () if journal.multipart or not builder.multipart else (builder.multipart.entry(),)
        await ledger.record(Delta(journal=(made.entry(),), dropped=(opened,)))
        builder.upload = builder.upload.grown(Delta(journal=(*fresh, made.entry())))

    async def complete(self, id: UploadId, multipart: Multipart, parts: Sequence[Part]) -> Original:
        """The object of these parts, whether it is made now or was made before."""
        key, size = names.large_original(id), parts[-1].end
        try:
            await self._must_have(key, multipart, parts)
            etag = await self._means.bucket.complete_multipart(
                key, multipart.id, [(part.number, part.etag) for part in parts]
            )
        except NotThere:
            etag = await self._completed(key, size, parts)
        return Original(key=key, size=size, etag=etag)

    async def _must_have(self, key: str, multipart: Multipart, parts: Sequence[Part]) -> None:
        """Raises BytesLost for a part that the store does not have as it was journalled."""
        listed = await self._means.bucket.list_parts(key, multipart.id)
        stored = {part.number: (part.size, part.etag) for part in listed}
        for part in parts:
            if stored.get(part.number) != (part.size, part.etag):
                raise BytesLost(f"part {part.number} is not as it was stored")

    async def _completed(self, key: str, size: int, parts: Sequence[Part]) -> str:
        """The ETag of an object whose multipart upload is over: the answer was lost, or another
        process was faster. Raises BytesLost where it was aborted."""
        head = await self._means.bucket.head(key)
        if head is None or head.size != size:
            raise BytesLost("the multipart upload is gone")
        if head.etag.endswith(f"-{len(parts)}") and head.etag != _etag(parts):
            log.warning("seal.unknown_etag", key=key, etag=head.etag)
        return head.etag

    async def _clear(self, upload: Upload, journal: Journal) -> None:
        """Segments and local copies are needed no more; what stays is found by the sweeper."""
        try:
            await self._means.segments.clear(upload.id, journal)
        except TuslineError as error:
            log.warning("seal.not_cleared", upload_id=upload.id, error=str(error))


def _etag(parts: Sequence[Part]) -> str:
    """What the store calls an object of these parts, if their ETags are MD5s."""
    try:
        digests = b"".join(bytes.fromhex(part.etag) for part in parts)
    except ValueError:
        return ""
    return f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(parts)}"
