"""Every operation that may be cut off at any call through a door."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from support import photos
from support.feed import Feed
from support.ledgers import ListLedger
from tusline.errors import RejectedUpload, UnknownUpload
from tusline.upload import Delta, Phase
from tusline_optimizer.answers import Rendered
from tusline_optimizer.pool import ImagePool
from tusline_optimizer.recipes import Recipe

from .scene import EXPECTED, LATER, Operation, Scene

PHOTO = photos.jpeg(5, size=(32, 24), quality=60)


class Create(Operation):
    orphans = True

    async def prepare(self, scene: Scene) -> None:
        """Nothing is there yet."""

    async def act(self, scene: Scene) -> None:
        await scene.client.create(scene.house)


class CreateWithBody(Create):
    async def act(self, scene: Scene) -> None:
        await scene.client.create(scene.house, body=self.data)


class CreateEmpty(Create):
    data = b""


class PatchAtOnce(Operation):
    async def act(self, scene: Scene) -> None:
        await scene.client.append(scene.house, Feed().end(self.data))


class PatchInPieces(Operation):
    async def act(self, scene: Scene) -> None:
        feed = Feed().send(self.data[:4])
        appending = scene.begin(feed)
        await scene.client.until(scene.house, 4, appending)
        feed.send(self.data[4:8])
        await scene.client.until(scene.house, 8, appending)
        feed.end(self.data[8:])
        await appending


class PatchCutOff(Operation):
    """The line breaks under it."""

    async def act(self, scene: Scene) -> None:
        await scene.client.append(scene.house, Feed().send(self.data[:7]).cut())


class DeferredLength(Operation):
    async def prepare(self, scene: Scene) -> None:
        await scene.client.create(scene.house, deferred=True)
        await scene.client.append(scene.house, Feed().end(self.data[:3]))

    async def act(self, scene: Scene) -> None:
        length = len(self.data)
        await scene.client.append(scene.house, Feed().end(self.data[3:7]), length=length)
        rest = Feed().end(self.data[scene.client.told :])
        await scene.client.append(scene.house, rest, length=length)


class Held(Operation):
    """A PATCH of the same client runs, and has stored four bytes."""

    async def prepare(self, scene: Scene) -> None:
        await scene.client.create(scene.house)
        holding = scene.begin(Feed().send(self.data[:4]))
        await scene.client.until(scene.house, 4, holding)
        scene.client.told = 4


class TakeOver(Held):
    async def act(self, scene: Scene) -> None:
        await scene.client.append(scene.house, Feed().end(self.data[4:]))


class Overtake(Held):
    """The disk hangs under the holder, which wakes up when all is over."""

    async def prepare(self, scene: Scene) -> None:
        await scene.client.create(scene.house)
        holder = Feed().send(self.data[:4])
        holding = scene.begin(holder)
        await scene.client.until(scene.house, 4, holding)
        scene.client.told = 4
        writer = scene.house.store.writers[0]
        writer.flowing.clear()
        holder.send(self.data[4:8]).cut()
        await writer.hanging.wait()

    async def act(self, scene: Scene) -> None:
        try:
            await scene.client.append(scene.house, Feed().end(self.data[4:]))
        finally:
            scene.house.store.writers[0].flowing.set()


class OpenedLate(Operation):
    """A PATCH has its lease and not yet its file, when another takes over; then it opens it."""

    stored = 4

    async def prepare(self, scene: Scene) -> None:
        await scene.client.create(scene.house)
        if self.stored:
            feed = Feed().send(self.data[: self.stored]).cut()
            await scene.client.append(scene.house, feed)
        self.gate = scene.house.store.hold_next()
        scene.begin(Feed().end(self.data[self.stored :]))
        await self.gate.reached.wait()

    async def act(self, scene: Scene) -> None:
        try:
            await self.other(scene)
        finally:
            self.gate.opened.set()

    async def other(self, scene: Scene) -> None:
        await scene.client.append(scene.house, Feed().end(self.data[self.stored :]))


class OpenedLateAtStart(OpenedLate):
    """Its file is gone when it comes, so it makes one."""

    stored = 0


class SyncBehind(Operation):
    """The watermark follows the offset."""

    async def prepare(self, scene: Scene) -> None:
        await scene.client.create(scene.house)
        await scene.client.append(scene.house, Feed().send(self.data[:7]).cut())

    async def act(self, scene: Scene) -> None:
        await scene.house.service.watermarks.flush()


class HeadBesidePatch(Held):
    async def act(self, scene: Scene) -> None:
        await scene.client.head(scene.house)


class Settle(Operation):
    """Every byte is committed, and whoever did it has died."""

    async def prepare(self, scene: Scene) -> None:
        await scene.client.create(scene.house)
        await committed(scene, self.data)

    async def act(self, scene: Scene) -> None:
        await scene.client.head(scene.house)


class SettleJoining(Settle):
    """Two extents become one file."""

    async def prepare(self, scene: Scene) -> None:
        await scene.client.create(scene.house)
        await committed(scene, self.data[:4], hanging=True)
        await committed(scene, self.data[4:])
        scene.house.store.writers[0].abandon()


class Reject(Operation):
    types = ("image/jpeg",)
    ends = Phase.REJECTED

    async def act(self, scene: Scene) -> None:
        await scene.client.append(scene.house, Feed().end(self.data))

    async def resume(self, scene: Scene) -> None:
        try:
            await scene.client.resume(scene.house)
        except RejectedUpload:
            return
        await scene.sweep()


class Expire(Operation):
    ends = Phase.EXPIRED

    async def prepare(self, scene: Scene) -> None:
        await scene.client.create(scene.house)
        await scene.client.append(scene.house, Feed().end(self.data[:4]))
        scene.clock.forward(LATER)

    async def act(self, scene: Scene) -> None:
        await scene.sweep()

    async def resume(self, scene: Scene) -> None:
        await scene.sweep()


class Terminate(Held):
    """Beside a running PATCH."""

    ends = Phase.TERMINATED

    async def act(self, scene: Scene) -> None:
        await terminate(scene)

    async def resume(self, scene: Scene) -> None:
        await terminate_again(scene)


class TerminateBesideOpening(OpenedLate):
    stored = 0
    ends = Phase.TERMINATED

    async def other(self, scene: Scene) -> None:
        await terminate(scene)

    async def resume(self, scene: Scene) -> None:
        await terminate_again(scene)


class Job(Operation):
    data = PHOTO
    ends = Phase.READY

    async def prepare(self, scene: Scene) -> None:
        await scene.client.create(scene.house, body=self.data)
        await scene.house.service.settler.idle()

    async def act(self, scene: Scene) -> None:
        assert scene.client.id is not None
        await scene.optimizer().run(scene.client.id)

    async def resume(self, scene: Scene) -> None:
        await work_off(scene)


class TerminateDuringJob(Job):
    """Between rendering and storing."""

    ends = Phase.TERMINATED

    async def act(self, scene: Scene) -> None:
        assert scene.client.id is not None
        pool = scene.pool

        class Interrupted(ImagePool):
            async def process(
                self, source: Path, folder: Path, recipes: tuple[Recipe, ...]
            ) -> Rendered:
                rendered = await pool.process(source, folder, recipes)
                with suppress(*EXPECTED):
                    await terminate(scene)
                return rendered

        scene.pool = Interrupted(concurrency=1, memory=1, seconds=1, idle=1)
        await scene.optimizer().run(scene.client.id)

    async def resume(self, scene: Scene) -> None:
        await terminate_again(scene)
        await work_off(scene)


class TerminateReady(Terminate):
    """With its variants."""

    data = PHOTO

    async def prepare(self, scene: Scene) -> None:
        await Job().prepare(scene)
        await work_off(scene)


class Sweep(Operation):
    """One upload to expire, one to settle, one to clear, one that waits for its job."""

    orphans = True

    async def prepare(self, scene: Scene) -> None:
        house, others = scene.house, []
        for _ in range(3):
            await scene.client.create(house)
            assert scene.client.id is not None
            others.append(scene.client.id)
        late, over, waiting = others
        await scene.house.append(late, 0, Feed().end(self.data[:4]))
        await scene.house.append(over, 0, Feed().end(self.data[:4]))
        await scene.house.append(waiting, 0, Feed().end(self.data))
        await house.doors.records.retire(over, Phase.TERMINATED, None)
        scene.clock.forward(LATER)
        await scene.client.create(house)
        await committed(scene, self.data)

    async def act(self, scene: Scene) -> None:
        await scene.sweep()


async def terminate(scene: Scene) -> None:
    assert scene.client.id is not None
    await scene.house.service.terminator.terminate(scene.client.id, owner=None)


async def terminate_again(scene: Scene) -> None:
    """As a client does that got no answer."""
    with suppress(UnknownUpload):
        await terminate(scene)


async def committed(scene: Scene, data: bytes, *, hanging: bool = False) -> None:
    """Bytes that were committed by somebody who then died; `hanging`: and still has the file."""
    records, store = scene.house.doors.records, scene.house.doors.store
    assert scene.client.id is not None
    begun = await records.begin(scene.client.id)
    assert begun.token is not None
    ledger = ListLedger()
    writer = await store.open(begun.upload, begun.token, ledger)
    await writer.write(data)
    await writer.flush()
    if not hanging:
        writer.abandon()
    delta: Delta = replace(ledger.told, number=1, head=data)
    now = await records.end(scene.client.id, begun.token, delta, "died")
    scene.client.told = now.offset


async def work_off(scene: Scene) -> None:
    """Sweep, and have the real engine do what is queued."""
    jobs = scene.house.doors.jobs
    await scene.sweep()
    working = asyncio.ensure_future(jobs.work(scene.optimizer().run))
    while await jobs.depth():
        await asyncio.sleep(0.005)
    working.cancel()
    await asyncio.wait([working])
