"""A writer on S3: bytes become parts where they are enough, and segments where they are not."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from tusline.errors import StoreUnavailable
from tusline.interfaces import Ledger
from tusline.storage.s3.budget import Budget
from tusline.storage.s3.building import Builder
from tusline.storage.s3.durables import Durables
from tusline.storage.s3.journal import Journal, Opened, Part, Segment
from tusline.storage.s3.pressure import WORTH, Pressure
from tusline.storage.s3.segments import Source, slices
from tusline.upload import Delta

PARTS_AHEAD = 4
"""Pieces of one upload that may be on their way to the store at a time. So many part numbers may be
open, and no more: who recalls the upload when the journal is lost leaves out so many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Buffering:
    """What keeps the bytes in memory few: the budget of the process, who is asked to store early
    when that runs short, and the seconds after which bytes are stored, full part or not."""

    budget: Budget
    pressure: Pressure
    segment_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """Bytes [offset, end) that are a segment, or will be one."""

    offset: int
    end: int
    ready: "asyncio.Future[Segment]"


class S3Writer:
    """Implements Writer. Bytes are collected until they fill a part, or have waited long enough, or
    others need the room.

    `_at` is where the next byte goes, `_parts_end` where the parts end that are stored or under
    way; between them lie `_live` segments, and then the `_pending` bytes.
    """

    def __init__(self, builder: Builder, ledger: Ledger, buffers: Buffering) -> None:
        journal = Journal.of(builder.upload)
        self._builder = builder
        self._ledger = ledger
        self._buffers = buffers
        self._durables = Durables(ledger)
        self._ahead = asyncio.Semaphore(PARTS_AHEAD)
        self._broken = False
        self._size = builder.part_size
        self._at = builder.upload.offset
        self._parts_end = journal.parts_end
        self._live = [_stored(segment) for segment in journal.segments]
        self._pending: list[bytes] = []
        self.waiting = 0
        self._timer: asyncio.TimerHandle | None = None
        buffers.pressure.add(self)
        self._cut_parts()  # what was verified only after it was stored

    # --- taking bytes ------------------------------------------------------------------------

    async def write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            self._durables.must_go_on()
            room = self._boundary() - self._at
            piece = data if room >= len(data) == len(view) else bytes(view[:room])
            await self._admit(len(piece))
            self._take(piece)
            view = view[len(piece) :]

    async def _admit(self, count: int) -> None:
        """Wait for room. When the request is to end nobody waits any more: what was read from the
        socket is taken, however full the budget is."""
        if len(self._durables) > PARTS_AHEAD:
            await self._ledger.lasting(self._durables.settle(left=PARTS_AHEAD))
        budget = self._buffers.budget
        if not budget.try_take(count) and not await self._ledger.lasting(budget.take(count)):
            budget.force(count)

    def _take(self, piece: bytes) -> None:
        self._builder.saw(piece, self._at)
        self._pending.append(piece)
        self._at += len(piece)
        self.waiting += len(piece)
        if self._at == self._last_boundary():
            self._cut()
        elif self._buffers.budget.pressed and self.waiting >= WORTH:
            self.store()
        elif self._timer is None:
            seconds = self._buffers.segment_seconds
            self._timer = asyncio.get_running_loop().call_later(seconds, self.store)

    def _last_boundary(self) -> int:
        """The last place, up to the next byte's, where one part ends and another begins."""
        return self._parts_end + (self._at - self._parts_end) // self._size * self._size

    def _boundary(self) -> int:
        return self._last_boundary() + self._size

    # --- making them durable -----------------------------------------------------------------

    def store(self) -> None:
        """Store what waits, full part or not."""
        self._cancel_timer()
        if self.waiting:
            self._cut_segment()

    def _cut(self) -> None:
        """At the end of a part. Bytes that may be taken back do not become one: nobody could tell
        that from a part that counts."""
        if self._ledger.unverified:
            self.store()
        else:
            self._cancel_timer()
            self._cut_parts()

    def _cut_parts(self) -> None:
        while not self._ledger.unverified and self._parts_end + self._size <= self._at:
            self._cut_part(self._parts_end + self._size)

    def _cut_part(self, end: int) -> None:
        """Everything from the last part up to `end`; what waits belongs to it if it is that far."""
        live = [one for one in self._live if one.offset < end]
        data = self._claim() if self._at == end else []
        part = self._store_part(self._builder.number(), live, data, (self._parts_end, end))
        last = end == self._builder.upload.length  # which may be held back
        self._durables.start(part, None if last else partial(self._forget_tail, live, end))
        self._live = [one for one in self._live if one.end > end]
        self._parts_end = end

    def _claim(self) -> list[bytes]:
        """The bytes that wait: from now on they are on their way."""
        data, self._pending, self.waiting = self._pending, [], 0
        return data

    def _cut_segment(self) -> None:
        data = self._claim()
        start = self._live[-1].end if self._live else self._parts_end
        ready: asyncio.Future[Segment] = asyncio.get_running_loop().create_future()
        before = self._live[-1].ready if self._live else None
        self._live.append(Live(offset=start, end=self._at, ready=ready))
        self._durables.start(self._store_segment(data, start, ready, before))

    def _cut_last(self) -> None:
        """The rest of the upload, when it is whole: the last part, or all of a small original."""
        if not self._builder.multipart and not self._parts_end:
            live, self._live = self._live, []
            self._durables.start(self._store_original(live, self._claim()))
        elif self._at > self._parts_end:
            self._cut_part(self._at)

    async def _store_part(
        self, number: int, live: Sequence[Live], data: Sequence[bytes], span: tuple[int, int]
    ) -> Delta:
        size, (start, end) = sum(map(len, data)), span
        try:
            segments = [await asyncio.shield(one.ready) for one in live]
            part = await self._send(number, [*slices(segments, start, end - size), *data], start)
        finally:
            self._buffers.budget.give(size)
        used = [segment for segment in segments if segment.name.end <= end]
        await self._builder.forget(used)
        return Delta(
            added=size,
            journal=(part.entry(),),
            dropped=(
                *(segment.entry() for segment in used),
                Opened(number=number, token=self._builder.token).entry(),
            ),
            synced=True,
        )

    async def _forget_tail(self, live: Sequence[Live], end: int) -> None:
        await self._builder.forget_tail([one.ready.result() for one in live if one.end <= end])

    async def _send(self, number: int, sources: Sequence[Source], start: int) -> Part:
        """When it is its turn; not behind one that failed, which may arrive yet."""
        async with self._ahead:
            if self._broken:
                raise StoreUnavailable("a part before this one was not stored")
            try:
                return await self._builder.part(number, sources, start)
            except BaseException:
                self._broken = True
                raise

    async def _store_original(self, live: Sequence[Live], data: Sequence[bytes]) -> Delta:
        size = sum(map(len, data))
        try:
            segments = [await asyncio.shield(one.ready) for one in live]
            original = await self._builder.original([*slices(segments, 0, self._at - size), *data])
        finally:
            self._buffers.budget.give(size)
        return Delta(
            added=size,
            journal=(original.entry(),),
            dropped=tuple(segment.entry() for segment in segments),
            synced=True,
        )

    async def _store_segment(
        self,
        data: Sequence[bytes],
        offset: int,
        ready: "asyncio.Future[Segment]",
        before: "asyncio.Future[Segment] | None",
    ) -> Delta:
        """One after the other: a stale writer can leave one at most, at the committed offset."""
        try:
            if before is not None:
                await asyncio.shield(before)
            segment = await self._builder.segment(data, offset)
        except BaseException:
            ready.cancel()  # what waits for it ends as well
            raise
        finally:
            self._buffers.budget.give(sum(map(len, data)))
        ready.set_result(segment)
        return Delta(added=segment.name.size, journal=(segment.entry(),), synced=True)

    # --- the end -----------------------------------------------------------------------------

    async def flush(self) -> None:
        self._cancel_timer()
        if self._at == self._builder.upload.length and not self._ledger.unverified:
            self._cut_last()
        else:
            self.store()
        await self._durables.settle()

    async def sync(self) -> None:
        """What is told is in the store, which survives more than a power cut."""

    def abandon(self) -> None:
        self._cancel_timer()
        self._buffers.pressure.remove(self)
        self._durables.abandon()
        self._buffers.budget.give(sum(map(len, self._claim())))

    def fileno(self) -> int | None:
        return None

    def spliced(self, count: int) -> None:
        raise ValueError("there is no descriptor to splice into")

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _stored(segment: Segment) -> Live:
    ready: asyncio.Future[Segment] = asyncio.get_running_loop().create_future()
    ready.set_result(segment)
    return Live(offset=segment.name.offset, end=segment.name.end, ready=ready)
