"""A disk that loses bytes: the upload ends, and its client sends the file again (I11)."""

import asyncio
import errno
import os
from collections.abc import AsyncGenerator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.feed import Feed
from support.house import RHYTHM, House, open_house
from tusline.endings import Ended
from tusline.errors import BytesLost, RejectedUpload
from tusline.storage import files
from tusline.upload import Phase


class FailingSync:
    """`os` on a disk whose next sync of a file fails, and the ones after it lie."""

    def __init__(self) -> None:
        self.failing = False

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def fdatasync(self, descriptor: int) -> None:
        if self.failing:
            self.failing = False
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        os.fdatasync(descriptor)


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
