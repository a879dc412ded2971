"""What late writers and workers leave in a blob store is found and removed, and nothing else."""

import errno
import os
from dataclasses import replace
from pathlib import Path

import pytest

from support import blobs
from support.blobs import content, sealed
from support.stores import disk_store
from support.uploads import fresh
from tusline.errors import StoreFull, UnknownUpload
from tusline.interfaces import BlobStore
from tusline.storage.disk import files
from tusline.storage.disk.layout import Layout
from tusline.upload import Delta, Phase, Upload, UploadId, Variant

DATA = b"1234567890"


async def written(store: BlobStore, upload: Upload, token: int) -> Upload:
    return await blobs.written(store, upload, token, DATA)


async def finished(store: BlobStore, id: str, phase: Phase = Phase.READY) -> Upload:
    upload = await sealed(store, await written(store, fresh(id, length=len(DATA)), 1))
    return replace(upload, phase=phase)


async def variant(store: BlobStore, upload: Upload, name: str, source: Path) -> Variant:
    source.write_bytes(name.encode())
    key = await store.put(upload, name, source, "image/jpeg")
    return Variant(name=name, key=key, content_type="image/jpeg", width=1, height=1, size=1)


async def there(store: BlobStore, key: str) -> bool:
    try:
        return bool(await content(store, key))
    except UnknownUpload:
        return False


async def test_an_extent_of_a_late_writer_is_litter_once_the_upload_is_finished(
    store: BlobStore,
) -> None:
    upload = await finished(store, "upload-0000000000", Phase.RECEIVED)
    await written(store, fresh("upload-0000000000", length=500), 1)
    assert await store.tidy(upload)
    assert not await store.tidy(upload)
    assert await content(store, store.original(upload)) == DATA
    await store.drop_original(upload)
    assert await store.stored(after="", limit=10) == ([], "")


async def test_variants_that_the_record_does_not_name_are_litter_once_no_job_can_name_them(
    store: BlobStore, tmp_path: Path
) -> None:
    upload = await finished(store, "upload-0000000000", Phase.OPTIMIZING)
    named = await variant(store, upload, "named.jpg", tmp_path / "source")
    late = await variant(store, upload, "late.jpg", tmp_path / "source")
    assert not await store.tidy(upload)
    assert await store.tidy(replace(upload, phase=Phase.READY, variants=(named,)))
    assert await there(store, named.key)
    assert await there(store, store.original(upload))
    assert not await there(store, late.key)


@pytest.mark.parametrize("phase", [Phase.RECEIVING, Phase.EXPIRED])
async def test_an_upload_that_is_not_finished_has_no_litter(store: BlobStore, phase: Phase) -> None:
    upload = await written(store, fresh(length=50), 1)
    assert not await store.tidy(replace(upload, phase=phase))
    complete = upload.grown(Delta(length=len(DATA)))
    assert await content(store, store.original(await sealed(store, complete))) == DATA


async def test_a_walk_names_each_upload_once_whatever_is_stored_of_it(
    store: BlobStore, tmp_path: Path
) -> None:
    ids = [f"{number:02d}-upload-00000000{number}" for number in range(7)]
    ids += ["00-upload-another-one", "00-upload-and-one-more"]
    for id in ids[::2]:
        await written(store, fresh(id), 1)
    for id in ids[1::2]:
        await variant(store, await finished(store, id), "main.jpg", tmp_path / "source")
    await written(store, fresh(ids[1]), 1)
    for limit in (1, 2, 3, 100):
        seen: list[UploadId] = []
        cursor = ""
        while True:
            page, cursor = await store.stored(after=cursor, limit=limit)
            assert len(page) <= limit
            seen += page
            if not cursor:
                break
        assert seen == sorted(ids)


async def test_a_copy_that_fails_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = Layout(tmp_path / "data")

    class Full:
        """`os` on a disk that takes half of a copy."""

        def __getattr__(self, name: str) -> object:
            return getattr(os, name)

        def copy_file_range(self, source: int, target: int, count: int) -> int:
            if not os.fstat(target).st_size:
                return os.copy_file_range(source, target, count // 2)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with disk_store(layout) as store, monkeypatch.context() as patch:
        upload = await finished(store, "upload-0000000000")
        patch.setattr(files, "os", Full())
        with pytest.raises(StoreFull):
            await variant(store, upload, "main.jpg", tmp_path / "source")
    assert list(layout.scratch.iterdir()) == []
    assert list(layout.root.glob("variants/*/*/*")) == []
