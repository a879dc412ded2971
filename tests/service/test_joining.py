"""Final uploads through crashes, overtakings and members that come late, twice or not at all."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from support.feed import Feed
from support.house import House
from support.ledgers import ListLedger
from support.uploads import fresh
from tusline.errors import (
    BadRequest,
    ExpiredUpload,
    RejectedUpload,
    StoreFull,
    StoreUnavailable,
    UnknownUpload,
)
from tusline.interfaces import Due
from tusline.rules import Creation
from tusline.storage import joining
from tusline.storage.disk_writer import DiskWriter
from tusline.upload import HEAD_BYTES, Phase, Upload, UploadId

DATA = bytes(range(200))


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


async def partial(house: House, data: bytes, *, length: int | None = -1) -> Upload:
    """A partial upload that holds `data` (`length` -1: and no more)."""
    size = len(data) if length == -1 else length
    creation = Creation(length=size, metadata=None, body=0, concat="partial")
    upload = (await house.service.creator.create(creation, None, owner="")).upload
    await house.append(upload.id, 0, Feed().end(data))
    return await house.get(upload.id)


async def final(house: House, *members: Upload, wait: float | None = None) -> Upload:
    """A new final upload; `wait` seconds for its join."""
    ids = tuple(member.id for member in members)
    creation = Creation(length=None, metadata=None, body=0, concat="final;...", members=ids)
    return (await house.service.creator.create(creation, None, owner="", left=wait)).upload


async def looked(house: House, id: UploadId) -> Upload:
    """As HEAD sees it."""
    return await house.service.looker.offset(id, owner=None)


def files_of(tmp_path: Path, upload: Upload) -> list[Path]:
    return [path for path in (tmp_path / "data").rglob(f"{upload.id}*") if path.is_file()]


async def test_the_first_bytes_of_a_final_upload_are_its_members(house: House) -> None:
    pieces = [DATA[at : at + 7] for at in range(0, 84, 7)]
    url = await final(house, *[await partial(house, piece) for piece in pieces])
    assert url.head == DATA[:HEAD_BYTES]
    assert await house.content(url.id) == DATA[:84]


async def test_members_that_come_late_finish_every_final_upload_that_waits(house: House) -> None:
    one, two = await partial(house, b"", length=4), await partial(house, b"22", length=4)
    waiting = [await final(house, *order) for order in ((one, two), (two, one), (one, one))]
    assert all(upload.pending for upload in waiting)
    await house.append(one.id, 0, Feed().end(b"1111"))
    assert [(await house.get(u.id)).phase is Phase.RECEIVED for u in waiting] == [
        False,
        False,
        True,
    ]
    await house.append(two.id, 2, Feed().end(b"22"))
    contents = [await house.content(upload.id) for upload in waiting]
    assert contents == [b"11112222", b"22221111", b"11111111"]
    assert (await house.get(one.id)).finals == (await house.get(two.id)).finals == ()


async def test_a_final_upload_lives_as_long_as_its_slowest_member_comes_on(house: House) -> None:
    whole, slow = await partial(house, b"11"), await partial(house, b"", length=4)
    pending = await final(house, whole, slow)
    for at in range(3):
        house.clock.forward(3000)
        assert (await house.service.sweeper.sweep()).expired == 0
        await house.append(slow.id, at, Feed().send(b"2").cut())
    assert (await looked(house, whole.id)).offset == 2
    await house.append(slow.id, 3, Feed().end(b"2"))
    assert await house.content(pending.id) == b"112222"
    house.clock.forward(3601)
    assert (await house.service.sweeper.sweep()).expired == 2
    assert (await house.get(pending.id)).phase is Phase.RECEIVED


async def test_a_final_upload_goes_with_the_member_that_expires_and_frees_the_others(
    house: House,
) -> None:
    whole, slow = await partial(house, b"11"), await partial(house, b"", length=4)
    pending = await final(house, whole, slow)
    house.clock.forward(3601)
    assert (await house.service.sweeper.sweep()).expired == 1
    assert (await house.get(slow.id)).phase is Phase.EXPIRED
    await house.service.sweeper.sweep()
    assert (await house.get(pending.id)).phase is Phase.EXPIRED
    assert (await house.service.sweeper.sweep()).expired == 1
    assert (await house.get(whole.id)).phase is Phase.EXPIRED


async def test_a_sweep_leaves_alone_what_was_used_in_a_final_upload_meanwhile(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = await partial(house, b"11")
    records = house.doors.records
    house.clock.forward(3601)
    due = await records.due(10)
    assert [upload.id for upload in due.expired] == [whole.id]

    async def before(limit: int) -> Due:
        return due

    final = replace(fresh(length=None), concat="final;...", members=(whole.id,))
    await records.create(final, lease=False)
    monkeypatch.setattr(records, "due", before)
    assert (await house.service.sweeper.sweep()).expired == 0
    assert (await looked(house, whole.id)).offset == 2


async def test_a_member_completed_while_its_final_upload_is_looked_at_is_not_missed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = await partial(house, b"1", length=4)
    pending = await final(house, one)
    joiner = house.service.settler._joiner
    join = joiner.join

    async def late(lease: object) -> bool:
        found = await join(lease)  # type: ignore[arg-type]
        monkeypatch.setattr(joiner, "join", join)
        await house.append(one.id, 1, Feed().end(b"111"))  # whose settle finds the lease taken
        return found

    monkeypatch.setattr(joiner, "join", late)
    assert (await looked(house, pending.id)).phase is Phase.RECEIVED
    assert await house.content(pending.id) == b"1111"


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


# --- what survives a power cut -----------------------------------------------------------------


async def test_a_complete_partial_upload_survives_a_power_cut(house: House) -> None:
    """As a finished one does: its client sends no more bytes, and may ask for the join."""
    one = await partial(house, b"11")
    assert (one.offset, one.synced) == (2, 2)


async def test_members_are_on_the_disk_before_they_are_joined(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a process that was killed never synced may be lost, and read back wrong."""

    async def failing(upload: Upload) -> None:
        raise StoreUnavailable("the disk does not answer")

    one = await partial(house, b"", length=2)
    begun = await house.doors.records.begin(one.id)
    token, ledger = begun.token or 0, ListLedger()
    writer = await house.doors.store.open(begun.upload, token, ledger)
    await writer.write(b"11")
    writer.abandon()
    told = replace(ledger.told, number=1, head=b"11")
    assert (await house.doors.records.end(one.id, token, told, "killed")).synced == 0
    with monkeypatch.context() as broken:
        broken.setattr(house.store, "sync", failing)
        upload = await final(house, one)
        assert (upload.pending, (await house.get(upload.id)).offset) == (True, 0)
    upload = await looked(house, upload.id)
    assert (await house.get(one.id)).synced == 2
    assert (upload.phase, upload.synced) == (Phase.RECEIVED, 2)
