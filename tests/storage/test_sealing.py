"""A seal that makes a copy of several extents: it leaves none behind when it fails."""

import errno
from pathlib import Path

import pytest

from support.failing import FailingStep
from support.ledgers import ListLedger
from support.uploads import fresh
from tusline.errors import BytesLost, StoreFull
from tusline.storage.disk import files
from tusline.storage.disk.layout import Layout
from tusline.storage.disk.store import DiskStore
from tusline.upload import Upload

DATA = bytes(range(200))


async def in_two_extents(store: DiskStore) -> Upload:
    """A complete upload whose first writer was frozen."""
    upload, writers = fresh(length=len(DATA)), []
    for token, data in enumerate((DATA[:70], DATA[70:]), 1):
        ledger = ListLedger()
        writers.append(await store.open(upload, token, ledger))
        await writers[-1].write(data)
        upload = upload.grown(ledger.told)
    for writer in writers:
        writer.abandon()
    return upload


def files_of(layout: Layout, upload: Upload) -> list[Path]:
    return sorted(path for path in layout.root.rglob(f"{upload.id}*") if path.is_file())


async def content(store: DiskStore, upload: Upload) -> bytes:
    return b"".join([piece async for piece in store.read(store.original(upload), 0, 10**9)])


@pytest.mark.parametrize("step", ["copy_file_range", "mkdir", "rename"])
async def test_a_seal_that_finds_no_room_leaves_no_copy_and_the_next_one_succeeds(
    store: DiskStore, layout: Layout, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    upload = await in_two_extents(store)
    before = files_of(layout, upload)
    assert len(before) == 2
    failing = FailingStep(step, errno.ENOSPC)
    monkeypatch.setattr(files, "os", failing)
    with pytest.raises(StoreFull):
        await store.seal(upload, 9, ListLedger())
    assert failing.failed
    assert files_of(layout, upload) == before
    await store.seal(upload, 9, ListLedger())
    assert await content(store, upload) == DATA
    assert files_of(layout, upload) == [layout.original(upload.id)]


async def test_a_seal_whose_sync_fails_leaves_no_copy(
    store: DiskStore, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = await in_two_extents(store)
    before = files_of(layout, upload)
    monkeypatch.setattr(files, "os", FailingStep("fdatasync", errno.EIO))
    for _ in range(2):  # and the upload is given up, since a later sync may lie
        with pytest.raises(BytesLost):
            await store.seal(upload, 9, ListLedger())
        assert files_of(layout, upload) == before
