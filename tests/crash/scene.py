"""One operation under a fuse: what was there, what is done, and how it must stand in the end."""

import asyncio
import hashlib
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from support.clock import HandClock
from support.feed import Feed
from support.fuse import Blow, PointFuse, Unforeseen, fused
from support.house import House, open_house
from support.leftovers import leftovers
from support.redis_servers import RedisServer
from tusline.errors import TuslineError
from tusline.service.appending import Appended
from tusline.storage.disk.layout import Layout
from tusline.upload import Phase
from tusline_optimizer.optimizer import Optimizer
from tusline_optimizer.pool import ImagePool

from .client import Client

POINT_SECONDS = 10
LEASE_WAIT = 0.02
LATER = 3700
"""Seconds after which every lease has run out and every unfinished upload has expired."""
AGAIN = ("postponed", "interrupted")
"""Why an upload may be RECEIVED once more: its job waits again."""

EXPECTED = (TuslineError, Unforeseen)
"""What a client may see of a failed call: a refusal, or the answer to what nobody has foreseen."""


@dataclass(slots=True)
class Scene:
    """The house of now (a crash brings a new one over the same folder), and the client."""

    folder: Path
    pool: ImagePool
    client: Client
    house: House
    clock: HandClock
    redis: RedisServer | None = None
    beside: list[tuple[Feed, "asyncio.Future[Appended]"]] = field(default_factory=list)

    @property
    def layout(self) -> Layout:
        return Layout(self.folder)

    def optimizer(self) -> Optimizer:
        doors = self.house.doors
        return Optimizer(
            records=doors.records,
            store=doors.store,
            signals=doors.signals,
            pool=self.pool,
            scratch=self.layout.scratch,
            attempts=8,
        )

    def begin(self, feed: Feed) -> "asyncio.Future[Appended]":
        """Begin a PATCH that goes on beside the operation."""
        appending = asyncio.ensure_future(self.client.append(self.house, feed))
        self.beside.append((feed, appending))
        return appending

    async def others_end(self) -> None:
        """Cut off the requests that ran beside the operation; they may have been refused."""
        for feed, _ in self.beside:
            feed.cut()
        running = [appending for _, appending in self.beside]
        for result in await asyncio.gather(*running, return_exceptions=True):
            if isinstance(result, BaseException) and not isinstance(result, EXPECTED):
                raise result

    async def sweep(self) -> None:
        await self.house.service.sweeper.sweep()
        await self.house.service.settler.idle()


class Operation(ABC):
    """What is done while the fuse may blow.

    `ends` is the phase in which the upload must be at the end, which must stand in its timeline
    once. With `orphans` there may be an upload whose client was never told of it.
    """

    types: ClassVar[tuple[str, ...]] = ("*",)
    data: ClassVar[bytes] = b"1234567890"
    ends: ClassVar[Phase] = Phase.RECEIVED
    orphans: ClassVar[bool] = False

    async def prepare(self, scene: Scene) -> None:
        """Before the fuse is armed."""
        await scene.client.create(scene.house)

    @abstractmethod
    async def act(self, scene: Scene) -> None:
        """May raise a refusal: the client sees it."""

    async def resume(self, scene: Scene) -> None:
        """What the client does when it comes back, and all works."""
        await scene.client.resume(scene.house)


async def blow_at(
    point: int,
    blow: Blow,
    operation: Operation,
    folder: Path,
    pool: ImagePool,
    redis: RedisServer | None = None,
) -> str:
    """Do the operation with a fuse that blows at that point, then look what has become of it. The
    call at which it blew, or "" when it was never reached. The records may be in Redis."""
    fuse = PointFuse(point, blow)
    before = asyncio.all_tasks()
    try:
        async with asyncio.timeout(POINT_SECONDS):
            await _blow(fuse, operation, folder, pool, redis)
    except Exception as error:
        error.add_note(f"{blow}, {fuse.blown or 'untouched'} (point {point})")
        raise
    finally:
        fuse.buried = True
        await _bury(before)
    return fuse.blown


async def _blow(
    fuse: PointFuse,
    operation: Operation,
    folder: Path,
    pool: ImagePool,
    redis: RedisServer | None,
) -> None:
    clock = HandClock()
    client = Client(operation.data)
    async with _opened(folder, operation, clock, redis, fuse) as house:
        scene = Scene(folder, pool, client, house, clock, redis)
        await operation.prepare(scene)
        fuse.armed = True
        await _act(operation, scene, fuse)
        fuse.repair()
        if not fuse.crashed.is_set():
            await _see_through(operation, scene)
            return
        for writer in house.store.writers:
            writer.abandon()  # a dead process holds no lock
    async with _opened(folder, operation, clock, redis) as house:
        scene.house, scene.beside = house, []
        if fuse.point % 2:  # the sweeper of the new process and the client: who comes first?
            await scene.sweep()
        await _see_through(operation, scene)


@asynccontextmanager
async def _opened(
    folder: Path,
    operation: Operation,
    clock: HandClock,
    redis: RedisServer | None,
    fuse: PointFuse | None = None,
) -> AsyncGenerator[House]:
    async with open_house(
        folder,
        wrap=lambda doors: doors if fuse is None else fused(doors, fuse),
        clock=clock,
        types=operation.types,
        lease_wait=LEASE_WAIT,
        redis=None if redis is None else redis.url,
    ) as house:
        yield house


async def _act(operation: Operation, scene: Scene, fuse: PointFuse) -> None:
    """Until the operation has ended, in whatever way, or the process is dead."""
    acting = asyncio.ensure_future(_whole_act(operation, scene))
    crashed = asyncio.ensure_future(fuse.crashed.wait())
    await asyncio.wait({acting, crashed}, return_when=asyncio.FIRST_COMPLETED)
    crashed.cancel()
    if not fuse.crashed.is_set():
        acting.result()
    acting.add_done_callback(_ignore)


def _ignore(task: "asyncio.Future[None]") -> None:
    """What becomes of a task in a dead house, nobody wants to know."""
    if not task.cancelled():
        task.exception()


async def _whole_act(operation: Operation, scene: Scene) -> None:
    try:
        await operation.act(scene)
        await scene.others_end()
    except EXPECTED:
        return
    finally:
        await scene.house.service.settler.idle()


async def _see_through(operation: Operation, scene: Scene) -> None:
    await operation.resume(scene)
    await scene.others_end()
    scene.clock.forward(LATER)
    await scene.sweep()
    await scene.sweep()
    await _check(operation, scene)


async def _check(operation: Operation, scene: Scene) -> None:
    records, jobs = scene.house.doors.records, scene.house.doors.jobs
    assert scene.client.id is not None
    upload = await records.get(scene.client.id)
    assert upload.phase is operation.ends, upload
    events = await records.timeline(upload.id)
    names = [event.name for event in events if event.detail not in AGAIN]
    assert names.count(operation.ends) == 1, names
    assert names.count("received") <= 1, names
    waiting, _ = await records.pending(after="", limit=9)
    assert waiting.count(upload.id) == (operation.ends is Phase.RECEIVED), upload
    assert len(waiting) <= 1 + operation.orphans, waiting
    if waiting:  # else there may be a job of an upload that is over, which will find nothing to do
        assert await jobs.depth() == len(waiting), waiting
    if operation.ends in (Phase.RECEIVED, Phase.READY):
        pieces = scene.house.doors.store.read(scene.house.doors.store.original(upload), 0, 10**9)
        found = hashlib.sha256(b"".join([piece async for piece in pieces])).hexdigest()
        assert found == hashlib.sha256(operation.data).hexdigest()
    due = await records.due(9)
    assert not due.leftover + due.unsettled, due
    left = await leftovers(scene.layout, records, scene.redis)
    assert not left, left


async def _bury(before: set["asyncio.Task[object]"]) -> None:
    """Clear away the tasks of a dead house, and those that they begin in dying."""
    while tasks := asyncio.all_tasks() - before - {asyncio.current_task()}:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
