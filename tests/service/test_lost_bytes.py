"""A disk that loses bytes: the upload ends, and its client sends the file again (I11)."""

import asyncio
import os
from collections.abc import AsyncGenerator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog

from support.failing import DeafRecords, FailingSync, files_synced
from support.feed import Feed
from support.house import RHYTHM, House, open_house
from tusline.endings import Ended
from tusline.errors import BytesLost, RejectedUpload
from tusline.rules import Creation
from tusline.storage.disk import files
from tusline.upload import Phase


@pytest.fixture
def disk() -> Iterator[FailingSync]:
    failing = FailingSync()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "os", failing)
        yield failing


@pytest.fixture
async def strict(tmp_path: Path) -> AsyncGenerator[House]:
    async with open_house(tmp_path / "data", rhythm=replace(RHYTHM, strict=True)) as opened:
        yield opened


async def must_be_given_up(house: House, id: Any, data: Path) -> None:
    upload = await house.get(id)
    assert (upload.phase, upload.reason and upload.reason.code) == (Phase.REJECTED, "bytes-lost")
    with pytest.raises(RejectedUpload) as refusal:
        await house.service.looker.offset(id, owner=None)
    assert refusal.value.code == "bytes-lost"
    assert not [path for path in data.rglob("*/*/*") if path.is_file()]


async def test_a_failed_sync_in_the_background_gives_the_upload_up(
    house: House, disk: FailingSync, tmp_path: Path
) -> None:
    upload = await house.created(10)
    await house.append(upload.id, 0, Feed().end(b"12345"))
    disk.failing = True
    await house.service.watermarks.flush()
    await must_be_given_up(house, upload.id, tmp_path / "data")


async def test_a_running_request_ends_when_the_sync_beside_it_fails(
    house: House, disk: FailingSync, tmp_path: Path
) -> None:
    upload = await house.created(10)
    feed = Feed().send(b"12345")
    running = asyncio.ensure_future(house.append(upload.id, 0, feed))
    while (await house.get(upload.id)).offset < 5:
        await asyncio.sleep(0)
    disk.failing = True
    await house.service.watermarks.flush()
    feed.send(b"67890")
    assert (await running).ended is Ended.LEASE_LOST
    await must_be_given_up(house, upload.id, tmp_path / "data")


async def test_a_failed_sync_of_the_last_bytes_is_no_success(
    house: House, disk: FailingSync, tmp_path: Path
) -> None:
    upload = await house.created(10)
    disk.failing = True
    with pytest.raises(BytesLost):
        await house.append(upload.id, 0, Feed().end(b"1234567890"))
    await must_be_given_up(house, upload.id, tmp_path / "data")


async def test_strict_durability_acknowledges_nothing_that_could_not_be_synced(
    strict: House, disk: FailingSync, tmp_path: Path
) -> None:
    upload = await strict.created(10)
    disk.failing = True
    appended = await strict.append(upload.id, 0, Feed().end(b"12345"))
    assert isinstance(appended.error, BytesLost)
    assert appended.upload.offset == 0
    await must_be_given_up(strict, upload.id, tmp_path / "data")


async def test_strict_durability_has_each_commit_synced(strict: House) -> None:
    upload = await strict.created(10)
    await strict.append(upload.id, 0, Feed().send(b"12345").end(b"67"))
    record = await strict.get(upload.id)
    assert (record.offset, record.synced) == (7, 7)


async def test_a_file_that_is_shorter_than_its_offset_gives_the_upload_up(
    house: House, tmp_path: Path
) -> None:
    upload = await house.created(10)
    await house.append(upload.id, 0, Feed().end(b"12345"))
    (found,) = (tmp_path / "data").glob(f"uploads/*/{upload.id}")
    os.truncate(found, 3)
    appended = await house.append(upload.id, 5, Feed().end(b"67890"))
    assert isinstance(appended.error, BytesLost)
    await must_be_given_up(house, upload.id, tmp_path / "data")


async def test_the_watermark_follows_once_a_request_has_ended(house: House) -> None:
    upload = await house.created(10)
    await house.append(upload.id, 0, Feed().end(b"12345"))
    assert (await house.get(upload.id)).synced == 0
    running = asyncio.ensure_future(house.service.watermarks.run())
    while (await house.get(upload.id)).synced < 5:
        await asyncio.sleep(0)
    running.cancel()


async def test_the_sweeper_syncs_what_a_killed_process_left_behind(house: House) -> None:
    upload = await house.created(10)
    await house.append(upload.id, 0, Feed().end(b"12345"))
    swept = await house.service.sweeper.sweep()
    assert swept.synced == 1
    assert (await house.get(upload.id)).synced == 5


async def test_after_a_failed_sync_a_later_one_that_goes_well_is_not_believed(
    house: House, disk: FailingSync
) -> None:
    upload = await house.created(10)
    await house.append(upload.id, 0, Feed().end(b"12345"))
    record = await house.get(upload.id)
    disk.failing = True
    for _ in range(2):
        with pytest.raises(BytesLost):
            await house.store.sync(record)


async def test_a_file_that_is_gone_gives_the_upload_up_in_the_background_too(
    house: House, tmp_path: Path
) -> None:
    upload = await house.created(10)
    await house.append(upload.id, 0, Feed().end(b"12345"))
    (found,) = (tmp_path / "data").glob(f"uploads/*/{upload.id}")
    found.unlink()
    await house.service.watermarks.flush()
    await must_be_given_up(house, upload.id, tmp_path / "data")


async def test_the_loss_of_bytes_is_an_alarm_but_not_of_those_that_were_deleted(
    house: House, tmp_path: Path
) -> None:
    lost, deleted = await house.created(10), await house.created(10)
    for upload in (lost, deleted):
        await house.append(upload.id, 0, Feed().end(b"12345"))
    for path in (tmp_path / "data").glob(f"uploads/*/{lost.id}"):
        path.unlink()
    await house.service.terminator.terminate(deleted.id, owner=None)
    with structlog.testing.capture_logs() as logs:
        await house.service.watermarks.flush()
    assert [log["upload_id"] for log in logs if log["log_level"] == "error"] == [lost.id]


async def test_records_that_cannot_note_the_loss_do_not_hide_it(
    tmp_path: Path, disk: FailingSync
) -> None:
    records = DeafRecords()
    async with open_house(tmp_path / "data", wrap=records.around) as house:
        upload = await house.created(10)
        disk.failing = True
        records.deaf = True
        with pytest.raises(BytesLost):
            await house.append(upload.id, 0, Feed().end(b"1234567890"))
        records.deaf = False
        await house.service.sweeper.sweep()
        await must_be_given_up(house, upload.id, tmp_path / "data")


async def test_a_creation_whose_bytes_were_lost_is_no_success(
    strict: House, disk: FailingSync
) -> None:
    disk.failing = True
    creation = Creation(length=10, metadata=None, body=5)
    with pytest.raises(BytesLost):
        await strict.service.creator.create(creation, Feed().end(b"12345").body(), owner="")


async def test_a_folder_whose_sync_fails_is_believed_no_more_than_a_file(
    house: House, disk: FailingSync
) -> None:
    upload = await house.created(10)
    await house.append(upload.id, 0, Feed().end(b"12345"))
    disk.folders_failing = True
    assert not await house.service.watermarks.sync(await house.get(upload.id))
    assert (await house.get(upload.id)).phase is Phase.REJECTED


async def test_a_strict_request_syncs_the_extents_before_its_own(tmp_path: Path) -> None:
    async with open_house(tmp_path / "data") as lax:
        upload = await lax.created(10)
        await lax.append(upload.id, 0, Feed().end(b"12345"))
    async with open_house(tmp_path / "data", rhythm=replace(RHYTHM, strict=True)) as house:
        with files_synced() as synced:
            await house.append(upload.id, 5, Feed().end(b"67"))
        assert len(synced) >= 2  # what was there before, and what came
        assert (await house.get(upload.id)).synced == 7


async def test_folders_made_by_who_died_are_synced_by_who_comes_after(
    house: House, tmp_path: Path
) -> None:
    upload = await house.created(10)
    shelf = tmp_path / "data" / "uploads" / upload.id[:2]
    shelf.mkdir(parents=True)  # and its maker died before their names were synced
    await house.append(upload.id, 0, Feed().end(b"12345"))
    synced: list[Path] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "sync_folder", synced.append)
        await house.service.watermarks.flush()
    assert synced == [shelf, shelf.parent, tmp_path / "data"]


async def test_bytes_of_a_finished_upload_that_lacks_its_original_are_no_litter(
    house: House, tmp_path: Path
) -> None:
    upload = await house.created(10)
    await house.append(upload.id, 0, Feed().end(b"1234567890"))
    (original,) = (tmp_path / "data").glob(f"originals/*/{upload.id}")
    only_copy = tmp_path / "data" / "uploads" / upload.id[:2] / upload.id
    original.rename(only_copy)  # as a repair of the file system may leave it
    await house.service.sweeper.sweep()
    assert only_copy.exists()


async def test_records_that_fall_silent_after_the_loss_was_noted_do_not_hide_it(
    tmp_path: Path, disk: FailingSync
) -> None:
    records = DeafRecords()
    async with open_house(tmp_path / "data", wrap=records.around) as house:
        upload = await house.created(10)
        disk.failing = records.deaf_after = True
        with pytest.raises(BytesLost):
            await house.append(upload.id, 0, Feed().end(b"1234567890"))
        records.deaf_after = False
        await house.service.sweeper.sweep()
        await must_be_given_up(house, upload.id, tmp_path / "data")
