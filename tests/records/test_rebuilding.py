"""Records that Redis has lost come back from the bucket, by a walk through it."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest

from support.ledgers import ListLedger
from support.redis_servers import RedisServer
from support.s3_servers import PART, S3Server
from support.shared_records import redis_records
from support.stores import s3_store
from support.uploads import fresh
from tusline.interfaces import Records
from tusline.service.rebuilding import Rebuilder
from tusline.storage.s3.client import Bucket
from tusline.storage.s3.store import S3Store
from tusline.upload import Phase, Upload, UploadId

DATA = b"\xff\xd8\xff" + b"0123456789" * 20


class Settled:
    """Stands in for the settler: notes whom it was asked to settle."""

    def __init__(self) -> None:
        self.ids: list[UploadId] = []

    async def settle(self, id: UploadId) -> None:
        self.ids.append(id)


@pytest.fixture
async def store(s3: S3Server, tmp_path: Path) -> AsyncGenerator[S3Store]:
    bucket = Bucket(s3.options(s3.make_bucket()))
    with s3_store(bucket, tmp_path, least=PART) as opened:
        yield opened
    bucket.close()


@pytest.fixture
async def records(redis_server: RedisServer, store: S3Store) -> AsyncGenerator[Records]:
    async with redis_records(redis_server.url, memory=store) as opened:
        yield opened


async def begun(records: Records, store: S3Store, id: str, size: int) -> Upload:
    """An upload with its first `size` bytes."""
    created = await records.create(fresh(id, length=len(DATA)), lease=True)
    assert created.token is not None
    ledger = ListLedger()
    writer = await store.open(created.upload, created.token, ledger)
    await writer.write(DATA[:size])
    await writer.flush()
    writer.abandon()
    told = replace(ledger.told, number=1, head=DATA[: min(size, 64)])
    return await records.end(created.upload.id, created.token, told, "")


async def test_every_upload_is_there_again_after_a_flush(
    records: Records, store: S3Store, redis_server: RedisServer
) -> None:
    settled = Settled()
    sizes = {f"upload-000000000{size:03d}": size for size in (1, 64, 150, len(DATA))}
    for id, size in sizes.items():
        await begun(records, store, id, size)
    redis_server.call("FLUSHALL")
    rebuilt = await Rebuilder(records, store, settled).fill_gaps()
    assert rebuilt is not None
    assert (rebuilt.stored, rebuilt.restored, rebuilt.complete) == (4, 4, True)
    for id, size in sizes.items():
        upload = await records.get(UploadId(id))
        assert (upload.offset, upload.length, upload.phase) == (size, len(DATA), Phase.RECEIVING)
        assert upload.head == DATA[: min(size, 64)]
    assert settled.ids == [UploadId(f"upload-000000000{len(DATA):03d}")]


async def test_a_walk_is_made_once(records: Records, store: S3Store) -> None:
    rebuilder = Rebuilder(records, store, Settled())
    assert await rebuilder.fill_gaps() is not None  # nobody knows yet that Redis is new
    assert await rebuilder.fill_gaps() is None


async def test_what_was_deleted_before_the_loss_stays_away(
    records: Records, store: S3Store, redis_server: RedisServer
) -> None:
    upload = await begun(records, store, "upload-0000000000", 100)
    late = await store.open(upload, upload.token, ListLedger())
    over = await records.retire(upload.id, Phase.TERMINATED, None)
    await store.discard(over)
    await late.write(DATA[100:120])  # whoever writes it is frozen, and comes late
    await late.flush()
    late.abandon()
    redis_server.call("FLUSHALL")
    rebuilt = await Rebuilder(records, store, Settled()).rebuild()
    assert (rebuilt.stored, rebuilt.restored, rebuilt.remnants) == (1, 0, 1)
    assert await records.missing([upload.id]) == [upload.id]


async def test_records_that_are_there_are_not_asked_of_the_store(
    records: Records, store: S3Store
) -> None:
    upload = await begun(records, store, "upload-0000000000", 100)
    rebuilt = await Rebuilder(records, store, Settled()).rebuild()
    assert (rebuilt.stored, rebuilt.restored) == (1, 0)
    assert await records.get(upload.id) == upload
