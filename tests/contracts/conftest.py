"""The adapters of the doors that have suites of several files."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from support.clock import HandClock
from support.uploads import EXPIRES, KEEP_ORIGINALS, KEEP_RECORDS, LEASE_TTL
from tusline.interfaces import BlobStore, Records
from tusline.records.sqlite import SqliteRecords
from tusline.storage.disk import DiskStore
from tusline.storage.folder import Folder
from tusline.storage.layout import Layout
from tusline.storage.pace import Pace
from tusline.storage.room import Room

PIECE = 64
"""Largest write in bytes: small, so that a test's writes take several."""


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(params=["sqlite"])
async def records(tmp_path: Path, clock: HandClock) -> AsyncGenerator[Records]:
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


@pytest.fixture(params=["disk on the loop", "disk in threads"])
async def store(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncGenerator[BlobStore]:
    folder = Folder(Layout(tmp_path / "data"))
    folder.open()
    in_threads = request.param == "disk in threads"
    pace = Pace(threads=2, slow=0.0 if in_threads else 10.0)
    yield DiskStore(folder.layout, pace, Room(folder.layout.root, reserve=0), piece=PIECE)
    pace.close()
    folder.close()
