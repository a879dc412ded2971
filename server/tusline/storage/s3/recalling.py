"""Uploads whose records were lost, as the store itself can prove them."""

import time
from collections.abc import Sequence
from dataclasses import replace

from tusline.storage.s3 import names
from tusline.storage.s3.building import MANIFEST, Means
from tusline.storage.s3.faults import NotThere
from tusline.storage.s3.journal import Journal, Original
from tusline.storage.s3.manifest import Manifest
from tusline.storage.s3.proof import Evidence, Proven, prove
from tusline.storage.s3.values import Listed
from tusline.storage.s3.walking import walk
from tusline.storage.s3.writer import PARTS_AHEAD
from tusline.upload import HEAD_BYTES, OVER, STORED, Phase, Upload, UploadId


class Recaller:
    """Finds out what of an upload counts, and fences every writer that may still live."""

    def __init__(self, means: Means) -> None:
        self._means = means

    async def recall(self, id: UploadId, known: Upload | None) -> Upload | None:
        """As `BlobStore.recall`."""
        if known is not None and known.phase in OVER:
            return known
        listing = [item async for item in walk(self._means.bucket, names.folder(id))]
        manifest = await self._newest(id, listing)
        if manifest is None or (known is not None and known.phase in STORED):
            return None if manifest is None else known
        proven, token = await self._prove(manifest, known, listing)
        upload = _told(manifest, known, proven, token)
        upload = replace(upload, head=await self._head(upload, manifest, proven))
        if upload.journal and not proven.whole:
            await self._fence(upload)
        return upload

    async def _newest(self, id: UploadId, listing: Sequence[Listed]) -> Manifest | None:
        """The manifest that counts; None: there is none, or it went meanwhile."""
        found = [item.key for item in listing if item.key.startswith(names.manifests(id))]
        if not found:
            return None
        try:
            return Manifest.read(await self._means.bucket.get(max(found)))
        except NotThere:
            return None

    async def _prove(
        self, manifest: Manifest, known: Upload | None, listing: Sequence[Listed]
    ) -> tuple[Proven, int]:
        """What counts, and a token later than all that were seen."""
        given, id = manifest.upload, manifest.upload.id
        uploads = [given] if known is None else [given, known]
        uploads.sort(key=lambda upload: -upload.token)
        noted = [Journal.of(upload) for upload in uploads]
        segments = await self._means.segments.stored(id)
        length = given.length if known is None or known.length is None else known.length
        proven = prove(
            Evidence(
                noted=noted,
                token=given.token,
                parts=await self._parts(id, noted),
                segments=segments,
                originals=_originals(id, listing, length),
            ),
            ahead=PARTS_AHEAD + 1,
        )
        seen = [upload.token for upload in uploads] + [one.name.token for one in segments]
        return proven, max(*seen, time.time_ns() // 1000) + 1

    async def _parts(self, id: UploadId, noted: Sequence[Journal]) -> list[tuple[int, int, str]]:
        multipart = next((journal.multipart for journal in noted if journal.multipart), None)
        if multipart is None:
            return []
        try:
            parts = await self._means.bucket.list_parts(names.large_original(id), multipart.id)
        except NotThere:
            return []
        return [(part.number, part.size, part.etag) for part in parts]

    async def _head(self, upload: Upload, manifest: Manifest, proven: Proven) -> bytes:
        """The upload's first bytes, by which its type is told."""
        head = max(upload.head, manifest.upload.head, key=len)
        missing = min(HEAD_BYTES, upload.offset) - len(head)
        if missing <= 0:
            return head
        if proven.whole:
            return await self._means.bucket.get(proven.whole.key, 0, HEAD_BYTES)
        head = b""
        for segment in proven.segments:
            head += await self._means.segments.get(upload.id, segment)
            if len(head) >= HEAD_BYTES:
                break
        return head[:HEAD_BYTES]

    async def _fence(self, upload: Upload) -> None:
        """From now on nothing counts that an older writer has left, or leaves yet."""
        key = names.manifest(upload.id, upload.token)
        await self._means.bucket.put(key, Manifest(upload=upload).to_bytes(), MANIFEST)


def _told(manifest: Manifest, known: Upload | None, proven: Proven, token: int) -> Upload:
    """The record again. A final upload that is not whole is joined anew."""
    base = known or _alive_again(manifest.upload)
    if base.final and not proven.whole:
        return replace(base, token=token, held=False)
    return replace(
        base,
        phase=Phase.RECEIVING,
        length=proven.offset if proven.whole else base.length,
        offset=proven.offset,
        synced=proven.offset,
        journal=proven.journal,
        token=token,
        held=False,
    )


def _alive_again(upload: Upload) -> Upload:
    """Its time to expire begins anew: nobody knows when it was used last."""
    if upload.expires is None:
        return upload
    return replace(upload, expires=time.time() + (upload.expires - upload.created))


def _originals(id: UploadId, listing: Sequence[Listed], length: int | None) -> list[Original]:
    """Finished objects, those of newer tokens first."""
    found = [
        Original(key=item.key, size=item.size, etag=item.etag)
        for item in listing
        if item.key.startswith(names.large_original(id)) and length in (None, item.size)
    ]
    return sorted(found, key=lambda original: original.key, reverse=True)
