"""What comes after the last byte, or in its place, to be cut off at any call through a door."""

from contextlib import suppress
from pathlib import Path

from support import photos
from support.feed import Feed
from tusline.errors import RejectedUpload
from tusline.upload import Phase
from tusline_optimizer.answers import Rendered
from tusline_optimizer.pool import ImagePool
from tusline_optimizer.recipes import Recipe

from .appends import Held, OpenedLate
from .scene import EXPECTED, LATER, Operation, Scene
from .steps import committed, terminate, terminate_again, work_off

PHOTO = photos.jpeg(5, size=(32, 24), quality=60)


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
