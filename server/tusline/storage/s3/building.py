"""How bytes become durable on S3: as a segment, as a part, as a finished object."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace

from tusline.errors import BytesLost, LeaseLost, TuslineError
from tusline.interfaces import Ledger
from tusline.sniff import sniff
from tusline.storage.s3 import names
from tusline.storage.s3.client import Bucket
from tusline.storage.s3.faults import NotThere
from tusline.storage.s3.journal import (
    TAIL,
    Journal,
    Multipart,
    Opened,
    Original,
    Part,
    Segment,
    numbers_entry,
)
from tusline.storage.s3.manifest import Manifest
from tusline.storage.s3.segments import Segments, Source, length
from tusline.storage.s3.sizes import part_size
from tusline.storage.s3.values import Content, Kind, Stored
from tusline.upload import HEAD_BYTES, NOTHING, Delta, Upload

MANIFEST = Kind(content_type="application/json")

FOREVER = "private, max-age=31536000, immutable"
"""What a name stands for never changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a part goes. Nobody else ever sends one under this number."""

    number: int
    multipart: Multipart


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What the uploads of a store share. `largest` is the longest upload, `least` the smallest
    part, in bytes."""

    bucket: Bucket
    segments: Segments
    largest: int
    least: int


class Builder:
    """Stores bytes of one upload under one fencing token. Every method answers the delta that
    tells of it, which counts once the ledger has it.

    A part number is journalled before the part is sent, and never used twice (I4). `manifests`: so
    many may have been written under this token before.
    """

    def __init__(
        self, upload: Upload, token: int, ledger: Ledger, means: Means, *, manifests: int = 0
    ) -> None:
        journal = Journal.of(upload)
        self.upload = upload
        self.token = token
        self._ledger = ledger
        self._means = means
        self._number = journal.next_number
        self._multipart = journal.multipart
        self._making = asyncio.Lock()
        self._head_told = upload.offset >= HEAD_BYTES
        self._manifests = manifests
        self.head = upload.head

    @property
    def part_size(self) -> int:
        if self._multipart is not None:
            return self._multipart.part_size
        return part_size(self.upload.length, largest=self._means.largest, least=self._means.least)

    @property
    def multipart(self) -> Multipart | None:
        return self._multipart

    def saw(self, piece: bytes | memoryview, at: int) -> None:
        """Keep the upload's first bytes, by which the type of the object is told."""
        if at == len(self.head) < HEAD_BYTES:
            self.head += bytes(piece[: HEAD_BYTES - at])

    def number(self) -> int:
        """A part number that nobody has used."""
        self._number += 1
        return self._number - 1

    async def segment(self, data: Sequence[bytes], offset: int) -> Segment:
        """Bytes too few for a part."""
        name = names.SegmentName(
            offset=offset,
            token=self.token,
            nonce=names.nonce(),
            size=length(data),
            begun=self.upload.offset,
            unverified=self._ledger.unverified,
        )
        return await self._means.segments.put(self.upload.id, name, data)

    async def open(self, number: int) -> Place:
        """The place of a part, journalled. Raises LeaseLost."""
        opened = Opened(number=number, token=self.token).entry()
        async with self._making:
            made, self._multipart = self._multipart, self._multipart or await self._make()
            if made is not None and not self._head_told:
                await self.remember()
            self._head_told = True
            fresh = () if made is not None else (self._multipart.entry(),)
            await self._ledger.record(Delta(journal=(*fresh, opened)))
        return Place(number=number, multipart=self._multipart)

    async def part(self, place: Place, sources: Sequence[Source], offset: int) -> Part:
        """Bytes of `sources`, which lie at `offset`, as a part."""
        key, upload_id = names.large_original(self.upload.id), place.multipart.id

        async def send(content: Content) -> Stored:
            return await self._means.bucket.upload_part(key, upload_id, place.number, content)

        async with self._still_ours():
            stored = await self._means.segments.send(self.upload.id, sources, send)
        return Part(number=place.number, offset=offset, size=stored.size, etag=stored.etag)

    async def copied(self, place: Place, source: str, start: int, stop: int, offset: int) -> Part:
        """Bytes [start, stop) of another object as a part, copied within the store. Raises
        NotThere."""
        key, upload_id = names.large_original(self.upload.id), place.multipart.id
        etag = await self._means.bucket.upload_part_copy(
            key, upload_id, place.number, source=source, start=start, stop=stop
        )
        return Part(number=place.number, offset=offset, size=stop - start, etag=etag)

    async def original(self, sources: Sequence[Source]) -> Original:
        """All of a small upload's bytes as one object, which its name makes the token's own."""
        key = names.small_original(self.upload.id, self.token)

        async def send(content: Content) -> Stored:
            return await self._means.bucket.put(key, content, self._kind())

        async with self._still_ours():
            stored = await self._means.segments.send(self.upload.id, sources, send)
        return Original(key=key, size=stored.size, etag=stored.etag)

    @asynccontextmanager
    async def _still_ours(self) -> AsyncGenerator[None]:
        """What is not there is a loss only while the lease holds: who has taken over may have ended
        what this was about. Raises LeaseLost then, else BytesLost."""
        try:
            yield
        except (NotThere, BytesLost) as error:
            await self._ledger.record(NOTHING)
            raise BytesLost(f"bytes of an unfinished upload are gone: {error}") from error

    async def forget(self, segments: Sequence[Segment]) -> None:
        """Local copies of these are not needed any more."""
        await self._means.segments.forget(self.upload.id, segments)

    async def forget_tail(self, segments: Sequence[Segment]) -> None:
        """What of these lies in Redis has become a part: it goes once the journal says so."""
        names = [str(one.name) for one in segments if one.kind == TAIL]
        if names:
            with suppress(LeaseLost, TuslineError):  # then it stays, until the upload is finished
                await self._ledger.record(NOTHING)
                await self._means.segments.drop_tail(self.upload.id, names)

    async def take_over(self) -> None:
        """Before bytes are stored: numbers that another writer has opened are used up, whatever
        arrives under them yet. The manifest says so, then the journal."""
        journal = Journal.of(self.upload)
        if not journal.opened:
            return
        before = (numbers_entry(journal.used_up),) if journal.used_up > 1 else ()
        gone = tuple(opened.entry() for opened in journal.opened)
        delta = Delta(journal=(numbers_entry(journal.next_number),), dropped=before + gone)
        self.upload = self.upload.grown(delta)
        await self.remember()
        await self._ledger.record(delta)

    async def _make(self) -> Multipart:
        """A multipart upload, and a manifest that tells of it and of the type: its parts can be
        listed, but not be read before it is finished."""
        key = names.large_original(self.upload.id)
        id = await self._means.bucket.create_multipart(key, self._kind())
        made = Multipart(id=id, part_size=self.part_size)
        await self.remember(made)
        return made

    async def remember(self, *made: Multipart) -> None:
        """Write the manifest as the upload stood when this token's writer began."""
        journal = self.upload.journal + tuple(multipart.entry() for multipart in made)
        upload = replace(self.upload, journal=journal, head=self.head, token=self.token)
        self._manifests += 1
        await self._means.bucket.put(
            names.manifest(upload.id, upload.token, self._manifests),
            Manifest(upload=upload).to_bytes(),
            MANIFEST,
        )

    def _kind(self) -> Kind:
        """By content only: what a client calls its file must not decide what a browser does. What
        we do not know is offered as a file."""
        known = sniff(self.head)
        return Kind(
            content_type=known or "application/octet-stream",
            cache_control=FOREVER,
            content_disposition="inline" if known else "attachment",
        )
