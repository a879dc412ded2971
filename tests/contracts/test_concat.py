"""What every adapter of the BlobStore door promises of the join of several uploads."""

import hashlib

from support.blobs import final_of, joined, member, original
from support.ledgers import ListLedger
from support.uploads import fresh
from tusline.interfaces import BlobStore
from tusline.upload import Delta

DATA = hashlib.shake_128(b"concatenation").digest(1000)


async def test_members_are_joined_in_order_and_stay_as_they_are(store: BlobStore) -> None:
    one = await member(store, "one", DATA[:300])
    two = await member(store, "two", DATA[300:1000], 1, 200, 500)
    final = await joined(store, final_of(two, one, two), two, one, two)
    assert final.complete
    assert await original(store, final) == DATA[300:] + DATA[:300] + DATA[300:]
    assert await original(store, one) == DATA[:300]
    assert await original(store, two) == DATA[300:]


async def test_the_ledger_is_told_once_and_of_bytes_that_survive_a_power_cut(
    store: BlobStore,
) -> None:
    one = await member(store, "one", DATA)
    told: list[Delta] = []

    class Told(ListLedger):
        def add(self, delta: Delta) -> None:
            if delta.added:
                told.append(delta)

    await store.concat(final_of(one, one), [one, one], 1, Told())
    assert [(delta.added, delta.synced) for delta in told] == [(2000, True)]


async def test_members_without_bytes_are_joined_to_nothing(store: BlobStore) -> None:
    empty = fresh("member-00000empty", length=0)
    one = await member(store, "one", DATA)
    final = await joined(store, final_of(empty, one, empty), empty, one, empty)
    assert await original(store, final) == DATA


async def test_what_a_join_that_broke_off_left_is_never_read(store: BlobStore) -> None:
    one = await member(store, "one", DATA[:600])
    two = await member(store, "two", DATA[600:])
    left = ListLedger()
    writer = await store.open(final_of(one, two), 1, left)
    await writer.write(b"\xee" * 5000)  # as after a kill in mid-copy
    writer.abandon()
    final = await joined(store, final_of(one, two), one, two, token=2)
    assert await original(store, final) == DATA


async def test_a_frozen_join_that_still_lives_cannot_touch_the_next_one(store: BlobStore) -> None:
    one = await member(store, "one", DATA)
    frozen = await store.open(final_of(one), 1, ListLedger())
    await frozen.write(b"\xee" * 500)
    final = await joined(store, final_of(one), one, token=2)
    await frozen.write(b"\xee" * 2000)
    assert await original(store, final) == DATA
    frozen.abandon()
    await store.discard(final)
