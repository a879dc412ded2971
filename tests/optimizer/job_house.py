"""A house with the real embedded doors, in which jobs are done."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from support import photos
from support.ledgers import ListLedger
from support.uploads import fresh
from tusline.clock import SystemClock
from tusline.errors import StoreUnavailable
from tusline.records.sqlite.records import SqliteRecords
from tusline.signals.local import LocalSignals
from tusline.storage.disk.folder import Folder
from tusline.storage.disk.layout import Layout
from tusline.storage.disk.pace import Pace
from tusline.storage.disk.room import Room
from tusline.storage.disk.store import DiskStore
from tusline.upload import Upload, UploadId, Variant
from tusline_optimizer.optimizer import Optimizer
from tusline_optimizer.pool import ImagePool

ATTEMPTS = 3
PHOTO = photos.jpeg(1, size=(2400, 1600), orientation=6, gps=True)


class GatedStore(DiskStore):
    """A disk store whose `put` can be held up, or be made to fail."""

    def __init__(self, layout: Layout, pace: Pace) -> None:
        super().__init__(layout, pace, Room(layout.root, reserve=0), piece=65536)
        self.putting = asyncio.Event()
        self.go = asyncio.Event()
        self.go.set()
        self.failing = False

    async def put(self, upload: Upload, name: str, source: Path, content_type: str) -> str:
        self.putting.set()
        await self.go.wait()
        if self.failing:
            raise StoreUnavailable("the disk is away")
        return await super().put(upload, name, source, content_type)


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    records: SqliteRecords
    store: GatedStore
    signals: LocalSignals
    layout: Layout

    def optimizer(self, pool: ImagePool) -> Optimizer:
        return Optimizer(
            records=self.records,
            store=self.store,
            signals=self.signals,
            pool=pool,
            scratch=self.layout.scratch,
            attempts=ATTEMPTS,
        )

    async def received(
        self, data: bytes = PHOTO, content_type: str | None = "image/jpeg", id: str = "an-upload"
    ) -> Upload:
        """An upload of `data` whose last byte has come."""
        begun = await self.records.create(fresh(id, length=len(data)), lease=True)
        assert begun.token is not None
        told = ListLedger()
        writer = await self.store.open(begun.upload, begun.token, told)
        await writer.write(data)
        await writer.flush()
        writer.abandon()
        delta = replace(told.told, number=1)
        await self.records.commit(begun.upload.id, begun.token, delta)
        await self.store.seal(await self.records.get(begun.upload.id), begun.token, told)
        return await self.records.finish(begun.upload.id, begun.token, content_type)

    async def content(self, variant: Variant) -> bytes:
        pieces = self.store.read(variant.key, 0, variant.size)
        return b"".join([piece async for piece in pieces])

    def stored_variants(self, id: UploadId) -> list[Path]:
        return sorted(self.layout.variants(id).glob("*"))

    def tidy(self) -> bool:
        return list(self.layout.scratch.glob("*")) == []


@asynccontextmanager
async def opened_house(data: Path) -> AsyncGenerator[House]:
    folder = Folder(Layout(data))
    folder.open()
    pace = Pace(threads=2, slow=10.0)
    records = SqliteRecords(
        folder.layout.records, SystemClock(), lease_ttl=60, expires=3600, wait=15
    )
    records.open()
    yield House(
        records=records,
        store=GatedStore(folder.layout, pace),
        signals=LocalSignals(),
        layout=folder.layout,
    )
    records.close()
    pace.close()
    folder.close()


@asynccontextmanager
async def opened_pool(*, seconds: float = 20) -> AsyncGenerator[ImagePool]:
    pool = ImagePool(concurrency=2, memory=256 * 1024 * 1024, seconds=seconds, idle=60)
    try:
        yield pool
    finally:
        await pool.close()
