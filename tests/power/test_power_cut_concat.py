"""The power fails while parts are sent and joined: the join is whole, or done anew (I11)."""

import os
import random
from dataclasses import replace
from pathlib import Path

import pytest

from support import powercut
from support.feed import Feed
from support.house import RHYTHM, House, open_house
from support.powercut import Commit, Disk, Effect, Keep, Said
from tusline.errors import UnknownUpload
from tusline.rules import Creation
from tusline.storage.disk import joining
from tusline.upload import Phase, UploadId

LAZY = replace(RHYTHM, commit_bytes=3000)
PARTS = [random.Random(n).randbytes(6000) for n in (1, 2)]
AGAIN = 4
"""Of the points of a cut each fourth is followed by another cut."""

JOINED = PARTS[1] + PARTS[0] + PARTS[1]


async def created(house: House, concat: str, *members: UploadId) -> UploadId:
    length = None if members else len(PARTS[0])
    creation = Creation(length=length, metadata=None, body=0, concat=concat, members=members)
    return (await house.service.creator.create(creation, None, owner="")).upload.id


async def send(house: House, id: UploadId, data: bytes) -> None:
    """All that is missing, in pieces."""
    start = (await house.get(id)).offset
    feed = Feed()
    for at in range(start, len(data), 3000):
        feed.send(data[at : at + 3000])
    await house.append(id, start, feed.end())


async def story(house: House, disk: Disk) -> list[UploadId]:
    """Two parts; the final upload is named between them. The ids of all three."""
    one, two = [await created(house, "partial") for _ in PARTS]
    await house.append(one, 0, Feed().end(PARTS[0][:2000]))
    await house.service.watermarks.flush()
    await send(house, one, PARTS[0])
    disk.say("whole", 0)
    final = await created(house, "final;...", two, one, two)
    await send(house, two, PARTS[1])
    disk.say("whole", 1)
    assert (await house.get(final)).phase is Phase.RECEIVED
    disk.say("done")
    return [one, two, final]


async def look_after(data: Path, log: list[Effect], ids: list[UploadId], boot: str) -> None:
    """Start again, resume, and compare."""
    whole = {effect.value for effect in log if isinstance(effect, Said) and effect.what == "whole"}
    done = any(isinstance(effect, Said) and effect.what == "done" for effect in log)
    async with open_house(data, boot=boot, rhythm=LAZY) as house:
        try:
            for number, id in enumerate(ids[:2]):
                assert (await house.get(id)).complete or number not in whole
                await send(house, id, PARTS[number])
            final = await house.get(ids[2])
        except UnknownUpload:
            return  # the cut came before it was created
        assert final.phase is not Phase.RECEIVING or not done
        await house.service.sweeper.sweep()
        assert await house.content(final.id) == JOINED


async def cut(folder: Path, log: list[Effect], ids: list[UploadId], keep: Keep) -> None:
    """What the cut left is looked after; and so is, now and then, what a second cut leaves,
    somewhere in that."""
    if not any(isinstance(effect, Commit) for effect in log):
        return
    first, second = folder / os.urandom(8).hex(), folder / os.urandom(8).hex()
    powercut.build(log, first, keep)
    with powercut.recorded(first) as disk:
        begun = len(disk.log)
        await look_after(first, log, ids, "the second")
    if len(log) % AGAIN:
        return
    dice = random.Random(len(log))
    powercut.build(disk.log[: dice.randint(begun, len(disk.log))], second, powercut.some(dice))
    await look_after(second, log, ids, "the third")


async def test_a_power_cut_at_any_point_of_a_join_never_costs_a_right_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joining, "COPY_BYTES", 4000)
    with powercut.recorded(tmp_path / "data") as disk:
        async with open_house(tmp_path / "data", boot="the first", rhythm=LAZY) as house:
            ids = await story(house, disk)
    (tmp_path / "cuts").mkdir()
    points = [at for at, effect in enumerate(disk.log, 1) if not isinstance(effect, Said)]
    dice = random.Random(3)
    for at in points:
        for keep in (powercut.nothing, powercut.some(dice)):
            await cut(tmp_path / "cuts", disk.log[:at], ids, keep)
    assert len(points) > 50
