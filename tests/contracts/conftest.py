"""The adapters of the doors that have suites of several files."""

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from support.clock import HandClock
from support.s3_servers import S3Server, s3_server
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


@pytest.fixture(params=["sqlite", "redis"])
async def records(request: pytest.FixtureRequest, clock: HandClock) -> AsyncGenerator[Records]:
    if request.param == "sqlite":
        async with _sqlite(request.getfixturevalue("tmp_path"), clock) as adapter:
            yield adapter
    else:
        async with redis_records(request.getfixturevalue("redis_server"), clock) as shared:
            yield shared


@asynccontextmanager
async def _sqlite(tmp_path: Path, clock: HandClock) -> AsyncGenerator[Records]:
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


@pytest.fixture(scope="session")
def s3() -> Generator[S3Server]:
    with s3_server() as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.credentials.items():
            patch.setenv(name, value)
        yield server


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
