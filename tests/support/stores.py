"""A store on a real disk, without a service."""

from collections.abc import Generator
from contextlib import contextmanager

from tusline.storage.disk.folder import Folder
from tusline.storage.disk.layout import Layout
from tusline.storage.disk.pace import Pace
from tusline.storage.disk.room import Room
from tusline.storage.disk.store import DiskStore


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
