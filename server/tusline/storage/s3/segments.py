"""Segments: where they are stored, and how they become the content of something larger."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from tusline.errors import BytesLost, StoreUnavailable
from tusline.storage.s3 import names
from tusline.storage.s3.client import Bucket
from tusline.storage.s3.faults import NotThere, SpoiltSlice
from tusline.storage.s3.journal import TAIL, UNKNOWN, Journal, Segment
from tusline.storage.s3.names import SegmentName
from tusline.storage.s3.spool import Spool
from tusline.storage.s3.values import Content, FileSlice
from tusline.storage.s3.walking import walk
from tusline.upload import UploadId

T = TypeVar("T")

FETCHES = 4
"""Segments fetched at a time for one part."""

TRIES = 3
"""Attempts to send what local copies hold: one may be removed meanwhile, to make room."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Bytes [start, stop) of a segment, counted within it."""

    segment: Segment
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start


Source = Slice | bytes
"""Where bytes of a part come from."""

Send = Callable[[Content], Awaitable[T]]


def length(sources: Sequence[Source]) -> int:
    """Bytes of all sources together."""
    return sum(map(len, sources))


def slices(segments: Sequence[Segment], start: int, stop: int) -> list[Source]:
    """Bytes [start, stop) of an upload, as far as these of its segments have them, in order. Where
    two have the same bytes, the first one gives them."""
    found: list[Source] = []
    for segment in segments:
        name = segment.name
        end = min(stop, name.end)
        if name.offset <= start < end:
            found.append(Slice(segment=segment, start=start - name.offset, stop=end - name.offset))
            start = end
    return found


class Tail(Protocol):
    """Segments kept in Redis instead: bounded, and as safe as it is."""

    async def put(self, id: UploadId, name: str, data: Sequence[bytes]) -> bool:
        """Whether there was room."""

    async def get(self, id: UploadId, name: str) -> bytes | None:
        """None: it is gone."""

    async def names(self, id: UploadId) -> list[str]:
        """All that there are of an upload."""

    async def drop(self, id: UploadId, names: Sequence[str]) -> None:
        """Forget these of an upload."""

    async def clear(self, id: UploadId) -> None:
        """Forget all of an upload."""


class Segments:
    """Stores segments in the bucket, or in a tail where there is one with room, and keeps copies
    on the local disk, which save fetching them again where the same process goes on."""

    def __init__(self, bucket: Bucket, spool: Spool, tail: Tail | None) -> None:
        self._bucket = bucket
        self._spool = spool
        self._tail = tail

    async def put(self, id: UploadId, name: SegmentName, data: Sequence[bytes]) -> Segment:
        """Durable on return."""
        segment = await self._put(id, name, data)
        await self._keep(id, segment, data)
        return segment

    async def _put(self, id: UploadId, name: SegmentName, data: Sequence[bytes]) -> Segment:
        if self._tail is not None and await self._tail.put(id, str(name), data):
            return Segment(name=name, md5=UNKNOWN, kind=TAIL)
        stored = await self._bucket.put(f"{names.segments(id)}{name}", data)
        return Segment(name=name, md5=stored.md5)

    async def get(self, id: UploadId, segment: Segment) -> bytes:
        """The bytes of a segment, from where it is durable. Raises BytesLost."""
        data = await self._fetch(id, segment)
        if data is None:
            raise BytesLost("a segment of the upload is gone")
        found = hashlib.md5(data, usedforsecurity=False).hexdigest()
        if segment.md5 not in (found, UNKNOWN):
            raise StoreUnavailable("a segment came back spoiled")
        return data

    async def _fetch(self, id: UploadId, segment: Segment) -> bytes | None:
        if segment.kind == TAIL:
            return None if self._tail is None else await self._tail.get(id, str(segment.name))
        try:
            return await self._bucket.get(f"{names.segments(id)}{segment.name}")
        except NotThere:
            return None

    async def send(self, id: UploadId, sources: Sequence[Source], send: Send[T]) -> T:
        """Have `send` store the content of all sources together."""
        for _ in range(TRIES - 1):
            try:
                return await send(await self._content(id, sources, local=True))
            except SpoiltSlice:
                continue
        return await send(await self._content(id, sources, local=False))

    async def _content(self, id: UploadId, sources: Sequence[Source], *, local: bool) -> Content:
        turns = asyncio.Semaphore(FETCHES)

        async def piece(source: Source) -> bytes | FileSlice:
            if isinstance(source, bytes):
                return source
            async with turns:
                return await self._piece(id, source, local=local)

        return await asyncio.gather(*map(piece, sources))

    async def _piece(self, id: UploadId, wanted: Slice, *, local: bool) -> bytes | FileSlice:
        """A local copy's bytes, once there is one."""
        segment = wanted.segment
        copy = await self._copy(id, segment) if local else None
        if copy is None:
            data = await self.get(id, segment)
            if local:
                await self._keep(id, segment, [data])
            return data[wanted.start : wanted.stop]
        if len(wanted) == copy.size:
            return copy
        return replace(copy, start=wanted.start, size=len(wanted), md5=None)

    async def _copy(self, id: UploadId, segment: Segment) -> FileSlice | None:
        if segment.md5 == UNKNOWN:  # then nobody could tell whether the copy is right
            return None
        name = _local(id, segment.name)
        return await self._spool.slice(name, size=segment.name.size, md5=segment.md5)

    async def _keep(self, id: UploadId, segment: Segment, data: Sequence[bytes]) -> None:
        if segment.md5 != UNKNOWN:
            await self._spool.put(_local(id, segment.name), b"".join(data))

    async def forget(self, id: UploadId, segments: Sequence[Segment]) -> None:
        """Local copies of these are not needed any more."""
        await self._spool.drop([_local(id, segment.name) for segment in segments])

    async def drop_tail(self, id: UploadId, names: Sequence[str]) -> None:
        """Forget segments that Redis keeps."""
        if self._tail is not None:
            await self._tail.drop(id, names)

    async def stored(self, id: UploadId) -> list[Segment]:
        """All segments of an upload that there are."""
        found: list[Segment] = []
        async for item in walk(self._bucket, names.segments(id)):
            name = names.parse_segment(item.key.removeprefix(names.segments(id)))
            found.append(Segment(name=name, md5=UNKNOWN))
        for text in [] if self._tail is None else await self._tail.names(id):
            found.append(Segment(name=names.parse_segment(text), md5=UNKNOWN, kind=TAIL))
        return found

    async def clear(self, id: UploadId, journal: Journal) -> None:
        """Delete the segments of an upload that is stored otherwise. Where the journal has named
        others before, they are looked for."""
        keys = [f"{names.segments(id)}{one.name}" for one in journal.segments if one.kind != TAIL]
        if journal.multipart is not None:
            keys = [item.key async for item in walk(self._bucket, names.segments(id))]
        if keys:
            await self._bucket.delete(keys)
        if self._tail is not None:
            await self._tail.clear(id)
        await self.forget(id, journal.segments)


def _local(id: UploadId, name: SegmentName) -> str:
    return f"{id}.{name}"
