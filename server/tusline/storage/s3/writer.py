"""A writer on S3: bytes become parts where they are enough, and segments where they are not."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from tusline.errors import StoreUnavailable
from tusline.interfaces import Ledger
from tusline.storage.s3.budget import Budget
from tusline.storage.s3.building import Builder
from tusline.storage.s3.cuts import Cut, Live
from tusline.storage.s3.durables import Durables, Then, Work
from tusline.storage.s3.journal import Journal, Opened, Part, Segment
from tusline.storage.s3.pressure import WORTH, Pressure
from tusline.storage.s3.segments import Source, slices, whole
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
        self._live = [Live.stored(segment) for segment in journal.segments]
        self._before: asyncio.Future[Any] | None = None
        self._pending: list[bytes] = []
        self.waiting = 0
        self._timer: asyncio.TimerHandle | None = None
        buffers.pressure.add(self)
        self._cut_parts()  # of what was verified only after it was stored

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
        while self._parts_end + self._size <= self._at:
            self._cut_part(self._parts_end + self._size)

    def _cut_part(self, end: int) -> None:
        """Everything from the last part up to `end`; what waits belongs to it if it is that far."""
        cut = Cut(
            number=self._builder.number(),
            live=tuple(one for one in self._live if one.offset < end),
            data=tuple(self._claim() if self._at == end else ()),
            start=self._parts_end,
            end=end,
            opened=asyncio.get_running_loop().create_future(),
        )
        # What completes the upload is held back: its segments have to stay until the next writer.
        last = self._builder.upload.length in (None, end)
        then = None if last else partial(self._forget_tail, cut)
        self._start(self._store_part(cut), cut.data, cut.opened, then)
        self._live = [one for one in self._live if one.end > end]
        self._parts_end = end

    def _claim(self) -> list[bytes]:
        """The bytes that wait: from now on they are on their way."""
        data, self._pending, self.waiting = self._pending, [], 0
        return data

    def _cut_segment(self) -> None:
        data = self._claim()
        ready: asyncio.Future[Segment] = asyncio.get_running_loop().create_future()
        start = self._at - sum(map(len, data))
        self._live.append(Live(offset=start, end=self._at, ready=ready))
        self._start(self._store_segment(data, start, ready, self._before), data, ready)

    def _cut_last(self) -> None:
        """The rest of the upload, when it is whole: the last part, or all of a small original."""
        if not self._builder.multipart and not self._parts_end:
            live, self._live = self._live, []
            data = self._claim()
            self._start(self._store_original(live, data), data)
        elif self._at > self._parts_end:
            self._cut_part(self._at)

    def _start(
        self,
        work: Work,
        data: Sequence[bytes],
        sign: "asyncio.Future[Any] | None" = None,
        then: Then | None = None,
    ) -> None:
        """Begin a piece of work. However it ends, even before it began: the room that `data` took
        is free then, and who waits for the sign that it got so far waits no longer."""
        size = sum(map(len, data))

        def end(_: object) -> None:
            self._buffers.budget.give(size)
            if sign is not None:
                sign.cancel()

        self._durables.start(work, then).add_done_callback(end)
        self._before = sign

    async def _store_part(self, cut: Cut) -> Delta:
        segments = [await asyncio.shield(one.ready) for one in cut.live]
        size = sum(map(len, cut.data))
        sources = [*slices(segments, cut.start, cut.end - size), *cut.data]
        part = await self._send(cut, whole(sources, cut.end - cut.start))
        used = [segment for segment in segments if segment.name.end <= cut.end]
        await self._builder.forget(used)
        return Delta(
            added=size,
            journal=(part.entry(),),
            dropped=(
                *(segment.entry() for segment in used),
                Opened(number=cut.number, token=self._builder.token).entry(),
            ),
            synced=True,
        )

    async def _send(self, cut: Cut, sources: Sequence[Source]) -> Part:
        """When it is its turn; not behind one that failed, which may arrive yet."""
        async with self._ahead:
            if self._broken:
                raise StoreUnavailable("a part before this one was not stored")
            try:
                place = await self._builder.open(cut.number)
                cut.opened.set_result(None)
                return await self._builder.part(place, sources, cut.start)
            except BaseException:
                self._broken = True
                raise

    async def _forget_tail(self, cut: Cut) -> None:
        used = [one.ready.result() for one in cut.live if one.end <= cut.end]
        await self._builder.forget_tail(used)

    async def _store_original(self, live: Sequence[Live], data: Sequence[bytes]) -> Delta:
        segments = [await asyncio.shield(one.ready) for one in live]
        sources = [*slices(segments, 0, self._at - sum(map(len, data))), *data]
        original = await self._builder.original(whole(sources, self._at))
        return Delta(
            added=sum(map(len, data)),
            journal=(original.entry(),),
            dropped=tuple(segment.entry() for segment in segments),
            synced=True,
        )

    async def _store_segment(
        self,
        data: Sequence[bytes],
        offset: int,
        ready: "asyncio.Future[Segment]",
        before: "asyncio.Future[Any] | None",
    ) -> Delta:
        """Behind a segment that is stored, or a part whose number is journalled: so a stale writer
        leaves nothing beyond the place where its successor begins, or the successor knows of it."""
        if before is not None:
            await asyncio.shield(before)
        segment = await self._builder.segment(data, offset)
        ready.set_result(segment)
        return Delta(added=segment.name.size, journal=(segment.entry(),), synced=True)

    # --- the end -----------------------------------------------------------------------------

    async def flush(self) -> None:
        self._cancel_timer()
        complete = self._at == self._builder.upload.length and not self._ledger.unverified
        if complete and (self._live or self._pending):
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
