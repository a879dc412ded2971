"""Segments: where they are stored, and how they become the content of something larger."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from tusline.errors import BytesLost, StoreUnavailable
from tusline.storage.s3 import names
from tusline.storage.s3.budget import Budget
from tusline.storage.s3.client import Bucket
from tusline.storage.s3.faults import NotThere, SpoiltSlice
from tusline.storage.s3.journal import SEGMENT, TAIL, UNKNOWN, Journal, Segment
from tusline.storage.s3.names import SegmentName
from tusline.storage.s3.spool import Spool
from tusline.storage.s3.tail import Tail
from tusline.storage.s3.values import Content, FileSlice
from tusline.storage.s3.walking import walk
from tusline.upload import UploadId

T = TypeVar("T")

FETCHES = 4
"""Segments fetched at a time for one part."""

HELD = 32 * 1024 * 1024
"""Bytes of segments that a process holds at a time because they are in no local copy. It is no
share of the writers' budget: who waits for bytes of that would hold bytes of that meanwhile."""

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


def whole(sources: Sequence[Source], size: int) -> Sequence[Source]:
    """The sources, which have so many bytes together. Raises BytesLost when they have not."""
    if length(sources) != size:
        raise BytesLost("the journal does not name every byte")
    return sources


class Segments:
    """Stores segments in the bucket, or in a tail where there is one with room, and keeps copies
    on the local disk, which save fetching them again where the same process goes on."""

    def __init__(self, bucket: Bucket, spool: Spool, tail: Tail | None) -> None:
        self._bucket = bucket
        self._spool = spool
        self._tail = tail
        self._held = Budget(HELD, lambda: None)

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
        if len(data) != segment.name.size or segment.md5 not in (UNKNOWN, _md5(data)):
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
        """Have `send` store the content of all sources together. Raises BytesLost."""
        for _ in range(TRIES - 1):
            try:
                return await self._send(id, sources, send, local=True)
            except SpoiltSlice:
                continue
        return await self._send(id, sources, send, local=False)

    async def _send(
        self, id: UploadId, sources: Sequence[Source], send: Send[T], *, local: bool
    ) -> T:
        copies = await self._copies(id, sources) if local else [None] * len(sources)
        pairs = list(zip(sources, copies, strict=True))
        absent = [one for one, copy in pairs if isinstance(one, Slice) and copy is None]
        held = sum(one.segment.name.size for one in absent)
        if held:
            await self._held.take(held)
        try:
            return await send(await self._content(id, pairs, keep=local))
        finally:
            self._held.give(held)

    async def _content(
        self, id: UploadId, pairs: Sequence[tuple[Source, FileSlice | None]], *, keep: bool
    ) -> Content:
        turns = asyncio.Semaphore(FETCHES)

        async def piece(source: Source, copy: FileSlice | None) -> bytes | FileSlice:
            if isinstance(source, bytes):
                return source
            if copy is not None:
                return copy
            async with turns:
                data = await self.get(id, source.segment)
            if keep:
                await self._keep(id, source.segment, [data])
            return data[source.start : source.stop]

        return await asyncio.gather(*(piece(source, copy) for source, copy in pairs))

    async def _copies(self, id: UploadId, sources: Sequence[Source]) -> list[FileSlice | None]:
        return await asyncio.gather(*(self._copy(id, source) for source in sources))

    async def _copy(self, id: UploadId, source: Source) -> FileSlice | None:
        """The local copy of a segment that is wanted whole: of a part of it nobody could tell
        whether it is right."""
        if isinstance(source, bytes) or source.segment.md5 == UNKNOWN:
            return None
        name = source.segment.name
        if len(source) != name.size:
            return None
        return await self._spool.slice(_local(id, name), size=name.size, md5=source.segment.md5)

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
        """All segments of an upload that there are. Raises StoreUnavailable for one with a name
        that this version does not know."""
        prefix = names.segments(id)
        objects = [item.key async for item in walk(self._bucket, prefix)]
        tail = [] if self._tail is None else await self._tail.names(id)
        found = [(SEGMENT, key.removeprefix(prefix)) for key in objects]
        found += [(TAIL, name) for name in tail]
        return [Segment(name=_named(name), md5=UNKNOWN, kind=kind) for kind, name in found]

    async def clear(self, id: UploadId, journal: Journal) -> None:
        """Delete the segments of an upload that is stored otherwise. Where the journal has named
        others before, they are looked for."""
        keys = [f"{names.segments(id)}{one.name}" for one in journal.segments if one.kind != TAIL]
        if journal.multipart is not None:
            keys = [item.key async for item in walk(self._bucket, names.segments(id))]
        if keys:
            await self._bucket.delete(keys)
        await self.clear_tail(id)
        await self.forget(id, journal.segments)

    async def clear_tail(self, id: UploadId) -> bool:
        """Forget all that Redis keeps of an upload; whether there was anything."""
        return self._tail is not None and await self._tail.clear(id)


def _named(text: str) -> SegmentName:
    try:
        return names.parse_segment(text)
    except ValueError as error:
        raise StoreUnavailable(f"a segment has a strange name: {error}") from error


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _local(id: UploadId, name: SegmentName) -> str:
    return f"{id}.{name}"
