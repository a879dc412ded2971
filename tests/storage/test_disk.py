"""What the store on a local disk does besides: files that are locked, cut, short, or gone."""

import hashlib
import os
from pathlib import Path

import pytest

from support.blobs import content, final_of, joined, member, opened, original, written
from support.ledgers import ListLedger
from support.uploads import fresh
from tusline.errors import LeaseLost, MemberLost, StoreUnavailable, UnknownUpload
from tusline.storage.disk import joining
from tusline.storage.disk.store import DiskStore
from tusline.upload import Delta

DATA = hashlib.shake_128(b"tusline").digest(1000)


async def test_a_writer_that_was_fenced_before_it_opened_says_so_and_not_that_bytes_are_lost(
    store: DiskStore,
) -> None:
    upload = await written(store, fresh(length=1000), 1, DATA[:600])
    assert await original(store, await written(store, upload, 3, DATA[600:])) == DATA
    ledger = ListLedger()
    ledger.fenced = True
    with pytest.raises(LeaseLost):
        await store.open(upload, 2, ledger)


async def test_a_writer_that_was_fenced_before_it_opened_cuts_off_nothing(
    store: DiskStore,
) -> None:
    upload = fresh(length=1000)
    after = await written(store, upload, 2, DATA[:600])
    ledger = ListLedger()
    ledger.fenced = True
    with pytest.raises(LeaseLost):
        await store.open(upload, 1, ledger)
    assert await original(store, await written(store, after, 3, DATA[600:])) == DATA


@pytest.mark.parametrize("kept", [0, 400, None])
async def test_bytes_that_are_missing_are_never_made_up(
    store: DiskStore, tmp_path: Path, kept: int | None
) -> None:
    upload = await written(store, fresh(length=1000), 1, DATA)
    (extent,) = (tmp_path / "data" / "uploads").rglob(upload.id)
    if kept is None:
        extent.unlink()
    else:
        os.truncate(extent, kept)
    with pytest.raises(StoreUnavailable):
        await store.seal(upload, 2, ListLedger())
    with pytest.raises(UnknownUpload):
        await content(store, store.original(upload))


async def test_bytes_spliced_into_a_writer_count_like_written_ones(store: DiskStore) -> None:
    upload = await written(store, fresh(length=1000), 1, DATA[:100])
    writer, ledger = await opened(store, upload, 2)
    await writer.write(DATA[100:200])
    descriptor = writer.fileno()
    if descriptor is not None:
        os.write(descriptor, DATA[200:900])
        writer.spliced(700)
        await writer.write(DATA[900:])
        writer.abandon()
        assert await original(store, upload.grown(ledger.told)) == DATA


async def test_a_join_of_many_steps_asks_before_each_whether_to_go_on(
    store: DiskStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joining, "COPY_BYTES", 100)
    one = await member(store, "one", DATA)
    asked = 0

    class Overtaken(ListLedger):
        async def record(self, delta: Delta) -> None:
            nonlocal asked
            asked += 1
            self.fenced = asked > 7
            await super().record(delta)

    ledger = Overtaken()
    with pytest.raises(LeaseLost):
        await store.concat(final_of(one), [one], 1, ledger)
    assert (asked, ledger.told.added) == (8, 0)
    final = await joined(store, final_of(one), one, token=2)
    assert await original(store, final) == DATA


@pytest.mark.parametrize("kept", [None, 0, 400])
async def test_a_member_whose_bytes_are_missing_is_named_and_nothing_is_told(
    store: DiskStore, tmp_path: Path, kept: int | None
) -> None:
    one = await member(store, "one", DATA)
    two = await member(store, "two", DATA)
    (extent,) = (tmp_path / "data" / "uploads").rglob(two.id)
    if kept is None:
        await store.discard(two)
    else:
        os.truncate(extent, kept)
    ledger = ListLedger()
    with pytest.raises(MemberLost) as lost:
        await store.concat(final_of(one, two), [one, two], 1, ledger)
    assert lost.value.id == two.id
    assert not ledger.told
    left = [path for path in (tmp_path / "data").rglob("final-*") if path.stat().st_size]
    assert left == []


async def test_a_file_system_that_cannot_copy_ranges_is_served_as_well(
    store: DiskStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(source: int, target: int, size: int) -> int:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(joining, "COPY_BYTES", 300)
    monkeypatch.setattr("tusline.storage.disk.files.os.copy_file_range", refuse)
    one = await member(store, "one", DATA)
    final = await joined(store, final_of(one, one), one, one)
    assert await original(store, final) == DATA + DATA
