"""What every adapter of the BlobStore door promises of the join of several uploads."""

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest

from support.ledgers import ListLedger
from support.uploads import fresh
from tusline.errors import LeaseLost, MemberLost
from tusline.interfaces import BlobStore
from tusline.storage.disk import joining
from tusline.upload import Delta, Upload, UploadId

DATA = hashlib.shake_128(b"concatenation").digest(1000)


async def member(store: BlobStore, name: str, data: bytes, *cuts: int) -> Upload:
    """A complete upload of `data`, sent by writers of which each found the last one frozen."""
    upload = fresh(f"member-{name:0>10}", length=len(data))
    writers = []
    starts = [0, *cuts]
    for token, (start, stop) in enumerate(zip(starts, [*cuts, len(data)], strict=True), 1):
        ledger = ListLedger()
        writers.append(await store.open(upload, token, ledger))
        await writers[-1].write(data[start:stop])
        await writers[-1].flush()
        upload = upload.grown(ledger.told)
        await writers[-1].write(b"\xee" * 30)
    for writer in writers:
        writer.abandon()
    return upload


def final_of(*members: Upload) -> Upload:
    ids = tuple(UploadId(member.id) for member in members)
    length = sum(member.offset for member in members)
    return replace(fresh("final-0000000000", length=length), concat="final;...", members=ids)


async def joined(store: BlobStore, final: Upload, *members: Upload, token: int = 1) -> Upload:
    ledger = ListLedger()
    await store.concat(final, members, token, ledger)
    return final.grown(ledger.told)


async def content(store: BlobStore, upload: Upload) -> bytes:
    await store.seal(upload, 9, ListLedger())
    return b"".join([piece async for piece in store.read(store.original(upload), 0, 10**9)])


async def test_members_are_joined_in_order_and_stay_as_they_are(store: BlobStore) -> None:
    one = await member(store, "one", DATA[:300])
    two = await member(store, "two", DATA[300:1000], 1, 200, 500)
    final = await joined(store, final_of(two, one, two), two, one, two)
    assert final.complete
    assert await content(store, final) == DATA[300:] + DATA[:300] + DATA[300:]
    assert await content(store, one) == DATA[:300]
    assert await content(store, two) == DATA[300:]


async def test_the_ledger_is_told_once_and_of_bytes_that_survive_a_power_cut(
    store: BlobStore,
) -> None:
    one = await member(store, "one", DATA)
    told: list[Delta] = []

    class Told(ListLedger):
        def add(self, delta: Delta) -> None:
            if delta:
                told.append(delta)

    await store.concat(final_of(one, one), [one, one], 1, Told())
    assert [(delta.added, delta.synced) for delta in told] == [(2000, True)]


async def test_members_without_bytes_are_joined_to_nothing(store: BlobStore) -> None:
    empty = fresh("member-00000empty", length=0)
    one = await member(store, "one", DATA)
    final = await joined(store, final_of(empty, one, empty), empty, one, empty)
    assert await content(store, final) == DATA


async def test_a_join_of_many_steps_asks_before_each_whether_to_go_on(
    store: BlobStore, monkeypatch: pytest.MonkeyPatch
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
    assert await content(store, final) == DATA


async def test_what_a_join_that_broke_off_left_is_never_read(store: BlobStore) -> None:
    one = await member(store, "one", DATA[:600])
    two = await member(store, "two", DATA[600:])
    left = ListLedger()
    writer = await store.open(final_of(one, two), 1, left)
    await writer.write(b"\xee" * 5000)  # as after a kill in mid-copy
    writer.abandon()
    final = await joined(store, final_of(one, two), one, two, token=2)
    assert await content(store, final) == DATA


async def test_a_frozen_join_that_still_lives_cannot_touch_the_next_one(store: BlobStore) -> None:
    one = await member(store, "one", DATA)
    frozen = await store.open(final_of(one), 1, ListLedger())
    await frozen.write(b"\xee" * 500)
    final = await joined(store, final_of(one), one, token=2)
    await frozen.write(b"\xee" * 2000)
    assert await content(store, final) == DATA
    frozen.abandon()
    await store.discard(final)


@pytest.mark.parametrize("kept", [None, 0, 400])
async def test_a_member_whose_bytes_are_missing_is_named_and_nothing_is_told(
    store: BlobStore, tmp_path: Path, kept: int | None
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
    store: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(source: int, target: int, size: int) -> int:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(joining, "COPY_BYTES", 300)
    monkeypatch.setattr("tusline.storage.disk.files.os.copy_file_range", refuse)
    one = await member(store, "one", DATA)
    final = await joined(store, final_of(one, one), one, one)
    assert await content(store, final) == DATA + DATA
