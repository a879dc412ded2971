"""A store on a real disk, without a service."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tusline.storage.disk.folder import Folder
from tusline.storage.disk.layout import Layout
from tusline.storage.disk.pace import Pace
from tusline.storage.disk.room import Room
from tusline.storage.disk.store import DiskStore
from tusline.storage.s3.budget import Budget
from tusline.storage.s3.building import Means
from tusline.storage.s3.client import Bucket
from tusline.storage.s3.pressure import Pressure
from tusline.storage.s3.segments import Segments
from tusline.storage.s3.sizes import LEAST, MIB
from tusline.storage.s3.spool import Spool
from tusline.storage.s3.store import S3Store
from tusline.storage.s3.writer import Buffering


@contextmanager
def disk_store(layout: Layout, *, slow: float = 10.0, piece: int = 65536) -> Generator[DiskStore]:
    """Open while the block runs. `slow` seconds make a disk a slow one; `piece` is the largest
    write in bytes."""
    folder = Folder(layout)
    folder.open()
    pace = Pace(threads=2, slow=slow)
    try:
        yield DiskStore(layout, pace, Room(layout.root, reserve=0), piece=piece)
    finally:
        pace.close()
        folder.close()


@contextmanager
def s3_store(
    bucket: Bucket, folder: Path, *, least: int = LEAST, budget: int = 64 * MIB, seconds: float = 3
) -> Generator[S3Store]:
    """On a bucket, with its local copies below `folder`."""
    pressure = Pressure()
    spool = Spool(folder / "spool", 64 * MIB)
    (folder / "spool").mkdir(exist_ok=True)
    means = Means(
        bucket=bucket,
        segments=Segments(bucket, spool, None),
        largest=10_000_000,
        least=least,
    )
    buffers = Buffering(
        budget=Budget(budget, pressure.relieve), pressure=pressure, segment_seconds=seconds
    )
    try:
        yield S3Store(means, buffers, scratch=folder / "scratch")
    finally:
        spool.close()
