"""Creating and appending, to be cut off at any call through a door."""

import base64
import hashlib

from support.feed import Feed

from .scene import Operation, Scene


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


KEY = "0123456789abcdefABCDEF"


class CreateWithKey(Create):
    """The client repeats it under its key, and finds what it made."""

    orphans = False

    async def act(self, scene: Scene) -> None:
        await scene.client.create(scene.house, body=self.data, key=KEY)

    async def resume(self, scene: Scene) -> None:
        await self.act(scene)
        await scene.client.resume(scene.house)


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


class PatchVerified(Operation):
    """With a checksum: none of it counts before all of it is right."""

    async def act(self, scene: Scene) -> None:
        await self.append(scene, self.data[:7], self.data[:7])
        await self.append(scene, self.data[7:], b"other bytes")

    async def append(self, scene: Scene, data: bytes, sent: bytes) -> None:
        digest = base64.b64encode(hashlib.sha1(data).digest()).decode()
        await scene.client.append(scene.house, Feed(f"sha1 {digest}").end(sent[: len(data)]))


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
