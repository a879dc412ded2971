"""The adapters of the Records door, and short ways to get at records in a given state."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from support.clock import HandClock
from support.uploads import EXPIRES, KEEP_ORIGINALS, KEEP_RECORDS, LEASE_TTL
from tusline.interfaces import Records
from tusline.records.sqlite import SqliteRecords


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
