"""What every adapter of the BlobStore door promises."""

import asyncio
import hashlib
from contextlib import suppress
from pathlib import Path

import pytest

from support.blobs import content, opened, original, sealed, written
from support.ledgers import ListLedger
from support.uploads import fresh
from tusline.errors import LeaseLost, StoreUnavailable, UnknownUpload
from tusline.interfaces import BlobStore
from tusline.upload import Delta

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
    await old.flush()
    upload = upload.grown(ledger.told)
    ledger.fenced = True
    await old.write(b"\xee" * 200)
    new, successor = await opened(store, upload, 2)
    await new.write(DATA[100:600])
    with suppress(LeaseLost):
        await old.write(b"\xee" * 700)
    await new.write(DATA[600:])
    await new.flush()
    with suppress(LeaseLost):
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
        ledger.fenced = True
        await writer.write(b"\xee" * 50)
        living.append(writer)
    upload = await sealed(store, upload)
    assert await content(store, store.original(upload)) == DATA
    for writer in living:
        with suppress(LeaseLost):
            await writer.write(b"\xee" * 2000)
        writer.abandon()
    assert await content(store, store.original(upload)) == DATA


async def test_a_living_writer_cannot_touch_an_original_sealed_by_another(
    store: BlobStore,
) -> None:
    upload = fresh(length=None)
    writer, ledger = await opened(store, upload, 1)
    await writer.write(DATA)
    await writer.flush()
    upload = await sealed(store, upload.grown(ledger.told).grown(Delta(length=1000)))
    await writer.write(b"\xee" * 100)
    with suppress(StoreUnavailable):
        await writer.flush()
    writer.abandon()
    async with store.local(store.original(upload)) as path:
        assert path.read_bytes() == DATA


async def test_two_seals_at_once_leave_the_original_whole(store: BlobStore) -> None:
    upload = await written(store, fresh(length=1000), 1, DATA)
    sealing = [store.seal(upload, token, ListLedger()) for token in (2, 3, 4, 5)]
    results = await asyncio.gather(*sealing, return_exceptions=True)
    assert None in results
    assert await content(store, store.original(upload)) == DATA


async def test_sealing_twice_is_as_good_as_once(store: BlobStore) -> None:
    upload = await sealed(store, await written(store, fresh(length=1000), 1, DATA))
    assert await original(store, upload) == DATA


async def test_an_empty_upload_can_be_sealed(store: BlobStore) -> None:
    assert await original(store, fresh(length=0)) == b""


async def test_a_part_of_an_object_can_be_read(store: BlobStore) -> None:
    upload = await sealed(store, await written(store, fresh(length=1000), 1, DATA))
    assert await content(store, store.original(upload), 100, 103) == DATA[100:103]


async def test_a_variant_is_stored_beside_the_original_and_again_is_harmless(
    store: BlobStore, tmp_path: Path
) -> None:
    upload = await sealed(store, await written(store, fresh(length=1000), 1, DATA))
    made = tmp_path / "made.jpg"
    made.write_bytes(b"variant")
    key = await store.put(upload, "main-0011.jpg", made, "image/jpeg")
    assert await store.put(upload, "main-0011.jpg", made, "image/jpeg") == key
    assert await content(store, key) == b"variant"
    assert made.exists()


async def test_discard_leaves_nothing_behind(store: BlobStore, tmp_path: Path) -> None:
    upload = await written(store, fresh(length=1000), 1, DATA[:500])
    holder, _ = await opened(store, upload, 2)
    upload = await sealed(store, await written(store, upload, 3, DATA[500:]))
    made = tmp_path / "made.jpg"
    made.write_bytes(b"variant")
    await store.put(upload, "main-0011.jpg", made, "image/jpeg")
    holder.abandon()
    await store.discard(upload)
    await store.discard(upload)
    with pytest.raises(UnknownUpload):
        await content(store, store.original(upload))
    assert await store.stored(after="", limit=10) == ([], "")


async def test_an_original_is_dropped_alone_and_twice_is_harmless(
    store: BlobStore, tmp_path: Path
) -> None:
    upload = await written(store, fresh(length=1000), 1, DATA)
    upload = await sealed(store, upload)
    other = await written(store, fresh("other-00000000000", length=1000), 1, DATA)
    other = await sealed(store, other)
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
