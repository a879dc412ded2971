"""The service over the real embedded adapters, in this process, with doors that tests can break."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from docket._redis_memory import _memory_servers

from support.clock import HandClock
from support.doors import FreezingStore
from support.feed import Feed
from support.shared_records import redis_records
from support.uploads import EXPIRES, LEASE_TTL
from tusline.interfaces import Records
from tusline.jobs.docket import DocketEngine
from tusline.records.sqlite.records import SqliteRecords
from tusline.rules import Append, Creation, Limits
from tusline.service.appending import Appended
from tusline.service.doors import Doors
from tusline.service.service import Service, Tuning
from tusline.service.session import Rhythm
from tusline.service.watermarks import SyncRhythm
from tusline.signals.local import LocalSignals
from tusline.storage.disk.folder import Folder
from tusline.storage.disk.layout import Layout
from tusline.storage.disk.pace import Pace
from tusline.storage.disk.room import Room
from tusline.storage.disk.store import DiskStore
from tusline.upload import STORED, Upload, UploadId

LEASE_WAIT = 0.3
RHYTHM = Rhythm(commit_bytes=4, commit_seconds=0.05, commit_pause=0, strict=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A service, its doors (`bare`: without what a test has put in front), and short ways to use
    them."""

    doors: Doors
    bare: Doors
    service: Service
    store: FreezingStore
    clock: HandClock

    async def created(self, length: int | None) -> Upload:
        creation = Creation(length=length, metadata=None, body=0)
        return (await self.service.creator.create(creation, None, owner="")).upload

    async def append(self, id: UploadId, offset: int, feed: Feed) -> Appended:
        append = Append(offset=offset, length=None, body=None)
        return await self.service.appender.append(id, append, feed.body(), owner=None)

    async def get(self, id: UploadId) -> Upload:
        return await self.doors.records.get(id)

    async def content(self, id: UploadId) -> bytes:
        upload = await self.get(id)
        assert upload.phase in STORED
        key = self.doors.store.original(upload)
        return b"".join([piece async for piece in self.doors.store.read(key, 0, 10**9)])


@asynccontextmanager
async def _queue() -> AsyncGenerator[DocketEngine]:
    """Forgotten at the end: docket keeps each queue in memory until its loop is closed, half a
    megabyte for each of the thousands of houses that a test opens."""
    before = set(_memory_servers)
    try:
        async with DocketEngine("memory://", concurrency=1) as jobs:
            yield jobs
    finally:
        for key in set(_memory_servers) - before:
            del _memory_servers[key]


@asynccontextmanager
async def _embedded(
    layout: Layout, clock: HandClock, boot: str, keep_records: float, keep_originals: float
) -> AsyncGenerator[Records]:
    records = SqliteRecords(
        layout.records,
        clock,
        lease_ttl=LEASE_TTL,
        expires=EXPIRES,
        wait=15,
        keep_records=keep_records,
        keep_originals=keep_originals,
        boot=boot,
    )
    records.open()
    yield records
    records.close()


def _bare(doors: Doors) -> Doors:
    return doors


@asynccontextmanager
async def open_house(
    data: Path,
    *,
    wrap: Callable[[Doors], Doors] = _bare,
    clock: HandClock | None = None,
    types: tuple[str, ...] = ("*",),
    lease_wait: float = LEASE_WAIT,
    boot: str = "",
    rhythm: Rhythm = RHYTHM,
    keep_records: float = 0,
    keep_originals: float = 0,
    redis: str | None = None,
) -> AsyncGenerator[House]:
    """`wrap` puts something in front of the doors, which the service then uses; `boot` is the
    machine's; the records are in the Redis server at the URL `redis`, if there is one."""
    folder = Folder(Layout(data))
    folder.open()
    clock = clock or HandClock()
    pace = Pace(threads=4, slow=10.0)
    room = Room(folder.layout.root, reserve=0)
    store = FreezingStore(DiskStore(folder.layout, pace, room, piece=65536))
    tuning = Tuning(
        limits=Limits(max_size=10**6, types=types, min_free=0, queue_limit=100, max_files=3),
        rhythm=rhythm,
        sync=SyncRhythm(bytes=10**9, seconds=3600, rate=1000),
        expires=EXPIRES,
        lease_wait=lease_wait,
        lease_ttl=LEASE_TTL,
        finish_wait=5,
        sweep_limit=100,
    )
    opened: AbstractAsyncContextManager[Records]
    if redis is None:
        opened = _embedded(folder.layout, clock, boot, keep_records, keep_originals)
    else:
        opened = redis_records(
            redis, clock, store, keep_records=keep_records, keep_originals=keep_originals
        )
    async with opened as records, _queue() as jobs:
        bare = Doors(records=records, store=store, signals=LocalSignals(), jobs=jobs, clock=clock)
        doors = wrap(bare)
        service = Service.over(doors, tuning)
        yield House(doors=doors, bare=bare, service=service, store=store, clock=clock)
    for writer in store.writers:
        writer.flowing.set()
    pace.close()
    folder.close()
