"""The adapters of the doors that have suites of several files."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from support.clock import HandClock
from support.faulty_redis import StutteringRedis
from support.s3_servers import S3Server
from support.shared_records import redis_records
from support.stores import disk_store, s3_store
from support.uploads import EXPIRES, KEEP_ORIGINALS, KEEP_RECORDS, LEASE_TTL
from tusline.interfaces import BlobStore, Records
from tusline.records.sqlite.records import SqliteRecords
from tusline.storage.disk.layout import Layout
from tusline.storage.s3.client import Bucket
from tusline.storage.s3.sizes import LEAST

PIECE = 64
"""Largest write in bytes: small, so that a test's writes take several."""


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(params=["sqlite", "redis", "redis answers the second time", "redis cluster"])
async def records(request: pytest.FixtureRequest, clock: HandClock) -> AsyncGenerator[Records]:
    fixture = request.getfixturevalue
    match request.param:
        case "redis":
            opened: AbstractAsyncContextManager[Records] = redis_records(
                fixture("redis_server").url, clock
            )
        case "redis answers the second time":
            opened = redis_records(fixture("redis_server").url, clock, client=StutteringRedis)
        case "redis cluster":
            opened = redis_records(fixture("redis_cluster").url, clock)
        case _:
            opened = _sqlite(fixture("tmp_path"), clock)
    async with opened as adapter:
        yield adapter


@asynccontextmanager
async def _sqlite(tmp_path: Path, clock: HandClock) -> AsyncGenerator[SqliteRecords]:
    adapter = SqliteRecords(
        tmp_path / "r.db",
        clock,
        lease_ttl=LEASE_TTL,
        expires=EXPIRES,
        wait=15,
        keep_records=KEEP_RECORDS,
        keep_originals=KEEP_ORIGINALS,
    )
    adapter.open()
    yield adapter
    adapter.close()


@pytest.fixture(params=["disk on the loop", "disk in threads", "s3", "s3 in parts"])
async def store(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncGenerator[BlobStore]:
    if request.param.startswith("s3"):
        least = LEAST if request.param == "s3" else PIECE
        server: S3Server = request.getfixturevalue("s3")
        bucket = Bucket(server.options(server.make_bucket()))
        with s3_store(bucket, tmp_path, least=least) as on_s3:
            yield on_s3
        bucket.close()
        return
    slow = 0.0 if request.param == "disk in threads" else 10.0
    with disk_store(Layout(tmp_path / "data"), slow=slow, piece=PIECE) as opened:
        yield opened
