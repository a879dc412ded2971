"""What is left behind beside the records is found by the sweeper, a part at each sweep."""

from pathlib import Path

import pytest

from support.feed import Feed
from support.house import House
from tusline.service import clearing
from tusline.upload import Phase, UploadId

DATA = b"1234567890"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def littered(data: Path, id: UploadId, kind: str = "uploads") -> Path:
    """A file as a late writer leaves it."""
    path = data / kind / id[:2] / id
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"late")
    return path


async def finished(house: House) -> UploadId:
    upload = await house.created(len(DATA))
    await house.append(upload.id, 0, Feed().end(DATA))
    return upload.id


async def test_a_sweep_removes_a_late_extent_of_a_finished_upload(house: House, data: Path) -> None:
    id = await finished(house)
    litter = littered(data, id)
    assert (await house.service.sweeper.sweep()).tidied == 1
    assert not litter.exists()
    assert await house.content(id) == DATA
    assert (await house.service.sweeper.sweep()).tidied == 0


@pytest.mark.parametrize("kind", ["uploads", "originals"])
async def test_a_sweep_removes_what_came_after_an_upload_was_over(
    house: House, data: Path, kind: str
) -> None:
    id = await finished(house)
    await house.service.terminator.terminate(id, owner=None)
    litter = littered(data, id, kind)
    assert (await house.service.sweeper.sweep()).tidied == 1
    assert not litter.exists()


async def test_a_sweep_leaves_alone_what_is_not_finished_and_what_no_record_knows(
    house: House, data: Path
) -> None:
    upload = await house.created(len(DATA))
    await house.append(upload.id, 0, Feed().send(b"123").cut())
    strange = littered(data, UploadId("0" * 32), "originals")
    assert (await house.service.sweeper.sweep()).tidied == 0
    assert strange.exists()
    await house.append(upload.id, 3, Feed().end(DATA[3:]))
    assert await house.content(upload.id) == DATA


async def test_a_large_store_is_walked_in_parts(
    house: House, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clearing, "WALKED", 2)
    ids = [await finished(house) for _ in range(5)]
    litter = [littered(data, id) for id in ids]
    swept = [(await house.service.sweeper.sweep()).tidied for _ in range(3)]
    assert swept == [2, 2, 1]
    assert not any(path.exists() for path in litter)
    assert {(await house.get(id)).phase for id in ids} == {Phase.RECEIVED}
