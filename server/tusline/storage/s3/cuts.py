"""What a writer makes durable: pieces of an upload on their way to the store."""

import asyncio
from dataclasses import dataclass
from typing import Self

from tusline.storage.s3.journal import Segment


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """Bytes [offset, end) that are a segment, or will be one when it is `ready`."""

    offset: int
    end: int
    ready: "asyncio.Future[Segment]"

    @classmethod
    def stored(cls, segment: Segment) -> Self:
        ready: asyncio.Future[Segment] = asyncio.get_running_loop().create_future()
        ready.set_result(segment)
        return cls(offset=segment.name.offset, end=segment.name.end, ready=ready)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Bytes [start, end) that become a part: those of segments, and then `data`. `opened` is done
    when its number is journalled."""

    number: int
    live: tuple[Live, ...]
    data: tuple[bytes, ...]
    start: int
    end: int
    opened: "asyncio.Future[None]"
