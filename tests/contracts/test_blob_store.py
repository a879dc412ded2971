"""What every adapter of the BlobStore door promises."""

import asyncio
import hashlib
import os
from pathlib import Path

import pytest

from support.ledgers import ListLedger
from support.uploads import fresh
from tusline.errors import LeaseLost, StoreUnavailable, UnknownUpload
from tusline.interfaces import BlobStore, Writer
from tusline.upload import Delta, Upload


async def opened(store: BlobStore, upload: Upload, token: int) -> tuple[Writer, ListLedger]:
    ledger = ListLedger()
    return await store.open(upload, token, ledger), ledger


async def written(store: BlobStore, upload: Upload, token: int, data: bytes) -> Upload:
    """The upload after one append of `data`, everything committed."""
    writer, ledger = await opened(store, upload, token)
    await writer.write(data)
    await writer.flush()
    writer.abandon()
    return upload.grown(ledger.told)


async def content(store: BlobStore, key: str, start: int = 0, stop: int = 10**9) -> bytes:
    return b"".join([piece async for piece in store.read(key, start, stop)])


async def original(store: BlobStore, upload: Upload) -> bytes:
    await store.seal(upload, 9, ListLedger())
    return await content(store, store.original(upload))


DATA = hashlib.shake_128(b"tusline").digest(1000)


async def test_what_was_written_in_several_appends_is_sealed_in_order(store: BlobStore) -> None:
    upload = fresh(length=1000)
    for token, (start, stop) in enumerate([(0, 1), (1, 500), (500, 999), (999, 1000)], 1):
        upload = await written(store, upload, token, DATA[start:stop])
    assert upload.offset == 1000
    assert await original(store, upload) == DATA


async def test_after_a_flush_the_ledger_knows_every_byte(store: BlobStore) -> None:
    writer, ledger = await opened(store, fresh(length=1000), 1)
    await writer.write(DATA[:333])
    await writer.flush()
    assert ledger.told.added == 333
    writer.abandon()


async def test_bytes_beyond_the_committed_offset_are_never_read(store: BlobStore) -> None:
    upload = fresh(length=1000)
    writer, _ = await opened(store, upload, 1)
    await writer.write(b"\xee" * 1000)
    writer.abandon()
    upload = await written(store, upload, 2, DATA[:10])
    upload = await written(store, upload, 3, DATA[10:])
    assert await original(store, upload) == DATA


async def test_an_overtaken_writer_that_still_lives_cannot_touch_its_successor(
    store: BlobStore,
) -> None:
    upload = fresh(length=1000)
    old, ledger = await opened(store, upload, 1)
    await old.write(DATA[:100])
    upload = upload.grown(ledger.told)
    await old.write(b"\xee" * 200)
    new, successor = await opened(store, upload, 2)
    await new.write(DATA[100:600])
    await old.write(b"\xee" * 700)
    await new.write(DATA[600:])
    await new.flush()
    await old.flush()
    old.abandon()
    new.abandon()
    assert await original(store, upload.grown(successor.told)) == DATA


async def test_uncommitted_bytes_of_several_overtaken_writers_are_left_out(
    store: BlobStore,
) -> None:
    upload = fresh(length=1000)
    living = []
    for token, (start, stop) in enumerate([(0, 300), (300, 301), (301, 900), (900, 1000)], 1):
        writer, ledger = await opened(store, upload, token)
        await writer.write(DATA[start:stop])
        await writer.flush()
        upload = upload.grown(ledger.told)
        await writer.write(b"\xee" * 50)
        living.append(writer)
    assert await original(store, upload) == DATA
    for writer in living:
        await writer.write(b"\xee" * 2000)
        writer.abandon()
    assert await content(store, store.original(upload)) == DATA


async def test_a_living_writer_cannot_touch_an_original_sealed_by_another(
    store: BlobStore,
) -> None:
    upload = fresh(length=None)
    writer, ledger = await opened(store, upload, 1)
    await writer.write(DATA)
    upload = upload.grown(ledger.told).grown(Delta(length=1000))
    assert await original(store, upload) == DATA
    await writer.write(b"\xee" * 100)
    writer.abandon()
    async with store.local(store.original(upload)) as path:
        assert path.read_bytes() == DATA


async def test_a_writer_that_was_fenced_before_it_opened_says_so_and_not_that_bytes_are_lost(
    store: BlobStore,
) -> None:
    upload = await written(store, fresh(length=1000), 1, DATA[:600])
    assert await original(store, await written(store, upload, 3, DATA[600:])) == DATA
    ledger = ListLedger()
    ledger.fenced = True
    with pytest.raises(LeaseLost):
        await store.open(upload, 2, ledger)


async def test_a_writer_that_was_fenced_before_it_opened_cuts_off_nothing(
    store: BlobStore,
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
    store: BlobStore, tmp_path: Path, kept: int | None
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


async def test_two_seals_at_once_leave_the_original_whole(store: BlobStore) -> None:
    upload = await written(store, fresh(length=1000), 1, DATA)
    sealing = [store.seal(upload, token, ListLedger()) for token in (2, 3, 4, 5)]
    results = await asyncio.gather(*sealing, return_exceptions=True)
    assert None in results
    assert await content(store, store.original(upload)) == DATA


async def test_bytes_spliced_into_a_writer_count_like_written_ones(store: BlobStore) -> None:
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


async def test_sealing_twice_is_as_good_as_once(store: BlobStore) -> None:
    upload = await written(store, fresh(length=1000), 1, DATA)
    await store.seal(upload, 9, ListLedger())
    assert await original(store, upload) == DATA


async def test_an_empty_upload_can_be_sealed(store: BlobStore) -> None:
    assert await original(store, fresh(length=0)) == b""


async def test_a_part_of_an_object_can_be_read(store: BlobStore) -> None:
    upload = await written(store, fresh(length=1000), 1, DATA)
    await store.seal(upload, 9, ListLedger())
    assert await content(store, store.original(upload), 100, 103) == DATA[100:103]


async def test_a_variant_is_stored_beside_the_original_and_again_is_harmless(
    store: BlobStore, tmp_path: Path
) -> None:
    upload = await written(store, fresh(length=1000), 1, DATA)
    await store.seal(upload, 9, ListLedger())
    made = tmp_path / "made.jpg"
    made.write_bytes(b"variant")
    key = await store.put(upload, "main-0011.jpg", made, "image/jpeg")
    assert await store.put(upload, "main-0011.jpg", made, "image/jpeg") == key
    assert await content(store, key) == b"variant"
    assert made.exists()


async def test_discard_leaves_nothing_behind(store: BlobStore, tmp_path: Path) -> None:
    upload = await written(store, fresh(length=1000), 1, DATA[:500])
    holder, _ = await opened(store, upload, 2)
    upload = await written(store, upload, 3, DATA[500:])
    await store.seal(upload, 9, ListLedger())
    made = tmp_path / "made.jpg"
    made.write_bytes(b"variant")
    await store.put(upload, "main-0011.jpg", made, "image/jpeg")
    holder.abandon()
    await store.discard(upload)
    await store.discard(upload)
    with pytest.raises(UnknownUpload):
        await content(store, store.original(upload))
    assert not [path for path in (tmp_path / "data").rglob(f"*{upload.id}*") if path.exists()]


async def test_an_original_is_dropped_alone_and_twice_is_harmless(
    store: BlobStore, tmp_path: Path
) -> None:
    upload = await written(store, fresh(length=1000), 1, DATA)
    other = await written(store, fresh("other-00000000000", length=1000), 1, DATA)
    for one in (upload, other):
        await store.seal(one, 9, ListLedger())
    made = tmp_path / "made.jpg"
    made.write_bytes(b"variant")
    key = await store.put(upload, "main-0011.jpg", made, "image/jpeg")
    await store.drop_original(upload)
    await store.drop_original(upload)
    with pytest.raises(UnknownUpload):
        await content(store, store.original(upload))
    assert await content(store, key) == b"variant"
    assert await content(store, store.original(other)) == DATA


async def test_uploads_do_not_mix(store: BlobStore) -> None:
    one = await written(store, fresh("one-000000000000", length=3), 1, b"one")
    two = await written(store, fresh("one-0000000000001", length=3), 1, b"two")
    assert await original(store, one) == b"one"
    await store.discard(one)
    assert await original(store, two) == b"two"


async def test_the_free_room_is_told(store: BlobStore) -> None:
    free = await store.free()
    assert free is None or free > 0
