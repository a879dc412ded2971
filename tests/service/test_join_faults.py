"""Joins that break off, freeze, or lose a member or their final upload under way."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.failing import FailingSync
from support.house import House
from support.joins import files_of, final, looked, partial
from tusline.errors import (
    BadRequest,
    BytesLost,
    ExpiredUpload,
    RejectedUpload,
    StoreFull,
    UnknownUpload,
)
from tusline.service.joining import JOINS
from tusline.storage.disk import files, joining
from tusline.storage.disk.writer import DiskWriter
from tusline.upload import Phase


class Copying:
    """Joins stop after their first file, while `go` is cleared, with it copied and locked."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.go = asyncio.Event()
        self.stopped = asyncio.Event()
        self.failing = False
        self.pieces = 0
        append_file = DiskWriter.append_file

        async def stopping(writer: DiskWriter, source: Path, start: int, size: int) -> None:
            await append_file(writer, source, start, size)
            self.pieces += 1
            self.stopped.set()
            if self.failing:
                raise StoreFull("the disk is full")
            await self.go.wait()

        patch.setattr(DiskWriter, "append_file", stopping)


@pytest.fixture
def copying() -> Iterator[Copying]:
    with pytest.MonkeyPatch.context() as patch:
        yield Copying(patch)


async def test_a_join_that_breaks_off_is_done_anew_by_the_next_sweep(
    house: House, copying: Copying, tmp_path: Path
) -> None:
    one, two = await partial(house, b"11"), await partial(house, b"222")
    copying.failing = True
    upload = await final(house, one, two)
    assert upload.pending
    assert (await house.get(upload.id)).offset == 0
    assert not any(path.stat().st_size for path in files_of(tmp_path, upload))
    copying.failing = False
    copying.go.set()
    assert (await house.service.sweeper.sweep()).settled == 1
    assert await house.content(upload.id) == b"11222"


async def test_a_slow_join_goes_on_behind_the_answer(house: House, copying: Copying) -> None:
    one = await partial(house, b"11")
    upload = await final(house, one, one, wait=0)
    await copying.stopped.wait()
    assert (await looked(house, upload.id)).pending
    copying.go.set()
    await house.service.settler.idle()
    assert await house.content(upload.id) == b"1111"


async def test_a_frozen_join_is_overtaken_and_its_late_bytes_never_count(
    house: House, copying: Copying
) -> None:
    one, two = await partial(house, b"11"), await partial(house, b"222")
    upload = await final(house, one, two, wait=0)
    await copying.stopped.wait()
    (frozen,) = house.service.settler._background
    house.clock.forward(61)
    go, copying.go = copying.go, asyncio.Event()
    copying.go.set()
    await house.service.sweeper.sweep()
    assert await house.content(upload.id) == b"11222"
    go.set()
    await asyncio.wait({frozen})
    assert await house.content(upload.id) == b"11222"


async def test_a_final_upload_that_is_removed_in_mid_join_ends_that_and_leaves_nothing(
    house: House, copying: Copying, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joining, "COPY_BYTES", 1)
    one = await partial(house, b"11")
    upload = await final(house, one, one, wait=0)
    await copying.stopped.wait()
    removing = asyncio.ensure_future(house.service.terminator.terminate(upload.id, owner=None))
    while not (await house.doors.records.begin(upload.id, want=True)).upload.held:
        await asyncio.sleep(0)
    copying.go.set()
    await removing
    assert copying.pieces == 1
    await house.service.settler.idle()
    assert files_of(tmp_path, upload) == []
    with pytest.raises(UnknownUpload):
        await looked(house, upload.id)
    assert (await house.get(one.id)).finals == ()


async def test_a_member_that_is_removed_in_mid_join_ends_the_final_upload(
    house: House, copying: Copying, tmp_path: Path
) -> None:
    one, two = await partial(house, b"11"), await partial(house, b"222")
    upload = await final(house, one, two, wait=0)
    await copying.stopped.wait()
    await house.service.terminator.terminate(two.id, owner=None)
    copying.go.set()
    await house.service.settler.idle()
    with pytest.raises(ExpiredUpload):
        await looked(house, upload.id)
    assert files_of(tmp_path, upload) == []
    assert (await house.get(two.id)).phase is Phase.TERMINATED


async def test_a_final_upload_whose_member_goes_in_mid_join_is_no_success(
    house: House, copying: Copying
) -> None:
    one, two = await partial(house, b"11"), await partial(house, b"222")
    creating = asyncio.ensure_future(final(house, one, two))
    await copying.stopped.wait()
    await house.service.terminator.terminate(two.id, owner=None)
    copying.go.set()
    with pytest.raises(BadRequest) as refusal:
        await creating
    assert refusal.value.code == "unknown-member"


async def test_a_member_that_lost_its_bytes_is_given_up_with_its_final_upload(
    house: House, tmp_path: Path
) -> None:
    one, two = await partial(house, b"11"), await partial(house, b"222")
    (extent,) = files_of(tmp_path, two)
    extent.write_bytes(b"2")
    with pytest.raises(BadRequest):
        await final(house, one, two)
    with pytest.raises(RejectedUpload) as refusal:
        await looked(house, two.id)
    assert refusal.value.code == "bytes-lost"
    assert (await looked(house, one.id)).offset == 2


async def test_joins_take_turns(house: House, copying: Copying) -> None:
    one = await partial(house, b"11")
    finals = [await final(house, one, wait=0) for _ in range(JOINS + 1)]
    while copying.pieces < JOINS:
        await asyncio.sleep(0)
    await asyncio.sleep(0.05)  # nothing tells that the next one does not begin
    assert copying.pieces == JOINS
    copying.go.set()
    await house.service.settler.idle()
    assert {await house.content(upload.id) for upload in finals} == {b"11"}


async def test_a_final_uploads_own_lost_bytes_are_no_fault_of_its_client(house: House) -> None:
    one = await partial(house, b"11")
    disk = FailingSync()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "os", disk)
        disk.failing = True
        with pytest.raises(BytesLost):
            await final(house, one)
    assert (await final(house, one)).phase is Phase.RECEIVED
