"""What was kept long enough goes, in an order that a crash cannot hurt."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from support.feed import Feed
from support.house import House, open_house
from support.ledgers import ListLedger
from tusline.errors import StoreUnavailable, UnknownUpload
from tusline.service.clearing import Clearer
from tusline.upload import Outcome, Phase, Upload, Variant

DATA = b"1234567890"
KEEP_RECORDS, KEEP_ORIGINALS = 10_000.0, 5_000.0


@pytest.fixture
async def keeper(tmp_path: Path) -> AsyncGenerator[House]:
    """A house that keeps things for a while only."""
    async with open_house(
        tmp_path / "data", keep_records=KEEP_RECORDS, keep_originals=KEEP_ORIGINALS
    ) as opened:
        yield opened


async def optimized(house: House, tmp_path: Path, *names: str) -> Upload:
    """A finished upload with variants of these names."""
    upload = await house.created(len(DATA))
    await house.append(upload.id, 0, Feed().end(DATA))
    job = await house.doors.records.start_job(upload.id)
    assert job is not None
    (tmp_path / "made").write_bytes(b"variant")
    variants = [
        Variant(
            name=name,
            key=await house.store.put(upload, f"{name}.jpg", tmp_path / "made", "image/jpeg"),
            content_type="image/jpeg",
            width=1,
            height=1,
            size=7,
        )
        for name in names
    ]
    outcome = Outcome(phase=Phase.READY, variants=tuple(variants), sha256="ab")
    return await house.doors.records.publish(upload.id, job.token, outcome)


async def fails(*arguments: object) -> None:
    raise StoreUnavailable("out of reach")


async def content(house: House, key: str) -> bytes:
    return b"".join([piece async for piece in house.store.read(key, 0, 10**9)])


async def test_a_sweep_drops_an_original_and_leaves_its_variants(
    keeper: House, tmp_path: Path
) -> None:
    upload = await optimized(keeper, tmp_path, "main", "thumbnail")
    assert (await keeper.service.sweeper.sweep()).dropped == 0
    keeper.clock.forward(KEEP_ORIGINALS + 1)
    assert (await keeper.service.sweeper.sweep()).dropped == 1
    assert (await keeper.service.sweeper.sweep()).dropped == 0
    now = await keeper.get(upload.id)
    assert (now.phase, now.original_gone) == (Phase.READY, True)
    with pytest.raises(UnknownUpload):
        await content(keeper, keeper.store.original(upload))
    for variant in now.variants:
        assert await content(keeper, variant.key) == b"variant"
    keeper.clock.forward(10**8)
    assert (await keeper.service.sweeper.sweep()).forgotten == 0


async def test_an_upload_without_variants_expires_and_is_forgotten_in_the_end(
    keeper: House, tmp_path: Path
) -> None:
    upload = await optimized(keeper, tmp_path)
    keeper.clock.forward(KEEP_ORIGINALS + 1)
    assert (await keeper.service.sweeper.sweep()).dropped == 1
    assert (await keeper.get(upload.id)).phase is Phase.EXPIRED
    assert not list((tmp_path / "data" / "originals").rglob(upload.id))
    keeper.clock.forward(KEEP_RECORDS + 1)
    assert (await keeper.service.sweeper.sweep()).forgotten == 1
    with pytest.raises(UnknownUpload):
        await keeper.service.looker.look(upload.id, owner=None)


@pytest.mark.parametrize("broken", ["drop_original", "original_dropped"])
async def test_an_original_that_stopped_on_its_way_out_is_gone_for_everybody_and_goes_next_time(
    keeper: House, tmp_path: Path, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = await optimized(keeper, tmp_path, "main")
    keeper.clock.forward(KEEP_ORIGINALS + 1)
    door = keeper.store if broken == "drop_original" else keeper.doors.records
    with monkeypatch.context() as cut:
        cut.setattr(door, broken, fails)
        assert (await keeper.service.sweeper.sweep()).dropped == 0
    assert (await keeper.get(upload.id)).original_gone
    assert (await keeper.service.sweeper.sweep()).dropped == 1
    assert not list((tmp_path / "data" / "originals").rglob(upload.id))


async def test_what_a_late_writer_left_of_a_forgotten_upload_is_deleted(
    house: House, tmp_path: Path
) -> None:
    upload = await house.created(len(DATA))
    writer = await house.doors.store.open(upload, 9, ListLedger())
    await house.service.terminator.terminate(upload.id, owner=None)
    await house.doors.records.forget(upload.id)
    late = await house.doors.store.open(upload, 9, ListLedger())
    for one in (writer, late):
        await one.write(DATA)
        one.abandon()
    clearer = Clearer(house.doors.records, house.doors.store)
    with pytest.raises(UnknownUpload):
        await clearer.tidy_now(upload)
    assert not list((tmp_path / "data" / "uploads").rglob(f"{upload.id}*"))


async def test_by_default_nothing_is_dropped_or_forgotten(house: House, tmp_path: Path) -> None:
    upload = await optimized(house, tmp_path, "main")
    gone = await house.created(5)
    await house.service.terminator.terminate(gone.id, owner=None)
    house.clock.forward(10**9)
    swept = await house.service.sweeper.sweep()
    assert (swept.dropped, swept.forgotten) == (0, 0)
    assert await content(house, house.store.original(upload)) == DATA
    assert (await house.get(gone.id)).phase is Phase.TERMINATED
