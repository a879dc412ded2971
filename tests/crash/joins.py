"""Operations on partial and final uploads; the scene's client is told of the final one."""

from contextlib import suppress
from typing import ClassVar

from support.feed import Feed
from support.house import House
from tusline.errors import Busy, ExpiredUpload, UnknownUpload
from tusline.rules import Creation
from tusline.upload import Phase, UploadId

from .client import TRIES
from .scene import Operation, Scene

PARTS = (b"1234567", b"890")


class Join(Operation):
    """POST of a final upload whose members are complete."""

    orphans: ClassVar[bool] = True
    sent: ClassVar[tuple[int, ...]] = (7, 3)
    """How many bytes of each part are there before."""

    async def prepare(self, scene: Scene) -> None:
        self.members = []
        for data, count in zip(PARTS, self.sent, strict=True):
            id = await created(scene.house, "partial", length=len(data))
            feed = Feed().send(data[:count])
            await scene.house.append(id, 0, feed.end() if count == len(data) else feed.cut())
            self.members.append(id)

    async def act(self, scene: Scene) -> None:
        scene.client.id = await created(scene.house, "final;...", *self.members)

    async def resume(self, scene: Scene) -> None:
        for id, data in zip(self.members, PARTS, strict=True):
            await send(scene.house, id, data)
        if scene.client.id is None:
            await Join.act(self, scene)
        await scene.client.head(scene.house)


class JoinUnfinished(Join):
    """The same, before one of them is complete."""

    sent: ClassVar[tuple[int, ...]] = (7, 1)


class CompleteMember(JoinUnfinished):
    """The last PATCH of a member for which a final upload waits."""

    orphans: ClassVar[bool] = False

    async def prepare(self, scene: Scene) -> None:
        await super().prepare(scene)
        await Join.act(self, scene)

    async def act(self, scene: Scene) -> None:
        await scene.house.append(self.members[1], 1, Feed().end(PARTS[1][1:]))


class RemoveMember(CompleteMember):
    """DELETE of a member for which a final upload waits."""

    ends: ClassVar[Phase] = Phase.EXPIRED

    async def act(self, scene: Scene) -> None:
        await scene.house.service.terminator.terminate(self.members[0], owner=None)
        await scene.client.head(scene.house)

    async def resume(self, scene: Scene) -> None:
        with suppress(UnknownUpload, ExpiredUpload):
            await self.act(scene)


async def created(
    house: House, concat: str, *members: UploadId, length: int | None = None
) -> UploadId:
    creation = Creation(length=length, metadata=None, body=0, concat=concat, members=members)
    return (await house.service.creator.create(creation, None, owner="")).upload.id


async def send(house: House, id: UploadId, data: bytes) -> None:
    """HEAD and PATCH until all is there."""
    for _ in range(TRIES):
        with suppress(Busy):
            offset = (await house.service.looker.offset(id, owner=None)).offset
            if offset == len(data):
                return
            await house.append(id, offset, Feed().end(data[offset:]))
    raise AssertionError(f"not complete after {TRIES} requests")
