"""When the watermark follows the offset: by bytes, by time, at the end of a request (I11)."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import cast

import pytest

from support.house import House
from support.uploads import fresh
from tusline.interfaces import BlobStore, Records
from tusline.service.breaking import Breaker
from tusline.service.watermarks import SyncRhythm, Watermarks
from tusline.upload import Upload, UploadId

FAR = 3600.0


class CountingStore:
    """A blob store that tells each sync, and does nothing; records that note nothing."""

    def __init__(self) -> None:
        self.told: list[int] = []

    async def sync(self, upload: Upload) -> None:
        self.told.append(upload.offset)

    async def synced(self, id: UploadId, offset: int) -> None:
        """Implements Records as far as it is needed."""


@pytest.fixture
def store() -> CountingStore:
    return CountingStore()


@asynccontextmanager
async def running(
    house: House, store: CountingStore, rhythm: SyncRhythm
) -> AsyncGenerator[tuple[Watermarks, Callable[..., None]]]:
    """The watermarks at work, and a way to say that an upload has so many bytes."""
    records = house.doors.records
    upload = await house.created(None)
    watermarks = Watermarks(records, cast(BlobStore, store), cast(Breaker, None), rhythm)

    def committed(offset: int, **more: bool) -> None:
        watermarks.committed(replace(upload, offset=offset), **more)

    task = asyncio.ensure_future(watermarks.run())
    yield watermarks, committed
    task.cancel()


async def until(met: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not met():
            await asyncio.sleep(0.001)


async def idle() -> None:
    """Let everything run that could run now."""
    for _ in range(50):
        await asyncio.sleep(0.001)


async def test_many_bytes_are_synced_without_waiting_for_the_time(
    house: House, store: CountingStore
) -> None:
    rhythm = SyncRhythm(bytes=100, seconds=FAR, rate=10_000)
    async with running(house, store, rhythm) as (_, committed):
        committed(99)
        await idle()
        assert store.told == []
        committed(100)
        await until(lambda: store.told == [100])


async def test_after_a_sync_the_bytes_count_from_there(house: House, store: CountingStore) -> None:
    rhythm = SyncRhythm(bytes=100, seconds=FAR, rate=10_000)
    async with running(house, store, rhythm) as (_, committed):
        committed(120)
        await until(lambda: store.told == [120])
        committed(219)
        await idle()
        assert store.told == [120]
        committed(220)
        await until(lambda: store.told == [120, 220])


async def test_few_bytes_are_synced_when_their_time_has_come(
    house: House, store: CountingStore
) -> None:
    rhythm = SyncRhythm(bytes=10**9, seconds=0.05, rate=10_000)
    async with running(house, store, rhythm) as (_, committed):
        committed(1)
        await until(lambda: store.told == [1])


async def test_the_end_of_a_request_is_synced_at_once(house: House, store: CountingStore) -> None:
    rhythm = SyncRhythm(bytes=10**9, seconds=FAR, rate=10_000)
    async with running(house, store, rhythm) as (_, committed):
        committed(7, ended=True)
        await until(lambda: store.told == [7])


async def test_the_rate_bounds_the_syncs_and_the_last_state_is_the_one_synced(
    house: House, store: CountingStore
) -> None:
    rhythm = SyncRhythm(bytes=1, seconds=FAR, rate=10)
    async with running(house, store, rhythm) as (_, committed):
        committed(1)
        await until(lambda: store.told == [1])
        for offset in range(2, 50):
            committed(offset)
            await asyncio.sleep(0)
        await until(lambda: len(store.told) == 2)
        assert store.told == [1, 49]


async def test_before_a_stop_everything_is_synced(house: House, store: CountingStore) -> None:
    rhythm = SyncRhythm(bytes=10**9, seconds=FAR, rate=0.001)
    async with running(house, store, rhythm) as (watermarks, committed):
        committed(5)
        await watermarks.flush()
        assert store.told == [5]


def test_an_application_that_is_started_again_has_watermarks_again() -> None:
    """Each life has a loop of its own."""
    store = CountingStore()
    watermarks = Watermarks(
        cast(Records, store),
        cast(BlobStore, store),
        cast(Breaker, None),
        SyncRhythm(bytes=1, seconds=FAR, rate=10_000),
    )

    async def life(offset: int) -> None:
        task = asyncio.ensure_future(watermarks.run())
        await asyncio.sleep(0)
        watermarks.committed(replace(fresh(), offset=offset))
        await until(lambda: store.told[-1:] == [offset])
        task.cancel()

    asyncio.run(life(5))
    asyncio.run(life(9))
