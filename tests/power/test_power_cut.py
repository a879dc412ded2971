"""The power fails at any moment: never a wrong byte, and what is finished stays whole (I11)."""

import os
import random
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from support import power_stories, powercut
from support.feed import Feed
from support.house import RHYTHM, House, open_house
from support.power_stories import DATA, SMALL, Story
from support.powercut import Commit, Effect, Keep, Said
from tusline.endings import Ended
from tusline.errors import UnknownUpload
from tusline.service.session import Rhythm
from tusline.upload import OVER, Phase, Upload, UploadId

STORIES = [
    power_stories.in_three_requests,
    power_stories.with_a_take_over,
    power_stories.optimized,
    power_stories.removed_in_the_middle,
]
LAZY = replace(RHYTHM, commit_bytes=5000)
STRICT = replace(LAZY, strict=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutter:
    """Cuts a recorded story at every point, and looks what becomes of its upload."""

    folder: Path
    id: UploadId
    strict: bool
    dice: random.Random

    async def at_every_point(self, log: list[Effect], *, again: int = 0) -> int:
        """How many cuts were made. Each `again`-th of them is followed by another one, somewhere
        on the way back (0: none)."""
        points = [at for at in range(1, len(log) + 1) if not isinstance(log[at - 1], Said)]
        cuts = 0
        for at in points:
            for keep in (powercut.nothing, powercut.everything, powercut.some(self.dice)):
                cuts += 1
                data = await self._cut(log[:at], keep)
                if data is not None and again and cuts % again == 0:
                    await self._cut_again(data, log[:at])
                    cuts += 1
        return cuts

    async def _cut(self, log: list[Effect], keep: Keep) -> Path | None:
        """The folder as the cut left it, if there was anything yet; looked after in a copy."""
        if not any(isinstance(effect, Commit) for effect in log):
            return None
        left, data = self._fresh(), self._fresh()
        build = self.dice.getstate()
        powercut.build(log, data, keep)
        self.dice.setstate(build)
        powercut.build(log, left, keep)
        await self._look_after(data, log, boot="the second")
        return left

    async def _cut_again(self, data: Path, before: list[Effect]) -> None:
        """The power fails once more while the upload is being looked after."""
        with powercut.recorded(data) as disk:
            begun = len(disk.log)
            await self._look_after(data, before, boot="the second")
        log = disk.log[: self.dice.randint(begun, len(disk.log))]
        target = self._fresh()
        powercut.build(log, target, powercut.some(self.dice))
        await self._look_after(target, before, boot="the third")

    def _fresh(self) -> Path:
        return self.folder / f"{self.dice.getrandbits(64):x}-{os.urandom(4).hex()}"

    async def _look_after(self, data: Path, log: list[Effect], *, boot: str) -> None:
        """Start again, resume, and compare."""
        offsets = [e.value for e in log if isinstance(e, Said) and e.what == "offset"]
        done = any(isinstance(e, Said) and e.what == "done" for e in log)
        async with open_house(data, boot=boot, rhythm=LAZY) as house:
            try:
                upload = await house.get(self.id)
            except UnknownUpload:
                return
            assert upload.phase is not Phase.RECEIVING or not done
            if self.strict:
                assert upload.offset >= max(offsets, default=0)
            if upload.phase in OVER:
                assert upload.phase is Phase.TERMINATED
                await house.service.sweeper.sweep()
                assert not [path for path in data.rglob("*/*/*") if path.is_file()]
            else:
                await _resumes(house, upload)


async def _resumes(house: House, upload: Upload) -> None:
    upload = await house.service.looker.offset(upload.id, owner=None)
    if upload.phase is Phase.RECEIVING and not upload.complete:
        appended = await house.append(upload.id, upload.offset, Feed().end(DATA[upload.offset :]))
        assert appended.ended is Ended.COMPLETE
    await house.service.sweeper.sweep()
    assert await house.content(upload.id) == DATA
    for variant in (await house.get(upload.id)).variants:
        pieces = [p async for p in house.doors.store.read(variant.key, 0, variant.size + 1)]
        assert b"".join(pieces) == SMALL


async def cut_everywhere(tmp_path: Path, story: Story, rhythm: Rhythm, seed: int) -> int:
    with powercut.recorded(tmp_path / "data") as disk:
        async with open_house(tmp_path / "data", boot="the first", rhythm=rhythm) as house:
            id = (await house.created(len(DATA))).id
            await story(house, disk, id)
    (tmp_path / "cuts").mkdir()
    cutter = Cutter(folder=tmp_path / "cuts", id=id, strict=rhythm.strict, dice=random.Random(seed))
    return await cutter.at_every_point(disk.log, again=10)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
@pytest.mark.parametrize("rhythm", [LAZY, STRICT], ids=["process", "strict"])
async def test_a_power_cut_at_any_point_never_costs_a_right_byte(
    tmp_path: Path, story: Story, rhythm: Rhythm
) -> None:
    cuts = await cut_everywhere(tmp_path, story, rhythm, seed=4)
    assert cuts > 60


@pytest.mark.soak
@pytest.mark.timeout(1800)
async def test_a_thousand_and_more_power_cuts(tmp_path: Path) -> None:
    seed = int(os.environ.get("SEED", random.randrange(10**6)))
    print(f"\nseed {seed}")
    for round_ in range(10):
        for rhythm in (LAZY, STRICT):
            for story in STORIES:
                folder = tmp_path / f"{round_}-{rhythm.strict}-{story.__name__}"
                folder.mkdir()
                cuts = await cut_everywhere(folder, story, rhythm, seed + round_)
                mode = "strict" if rhythm.strict else "process"
                print(f"{story.__name__:24} {mode:8} {cuts:5} power cuts, no wrong byte")
