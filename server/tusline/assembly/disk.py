"""Bytes on a local disk: of one process, or of several of one host that share the folder."""

from dataclasses import dataclass

from tusline.settings import Settings
from tusline.storage.disk.folder import Folder
from tusline.storage.disk.layout import Layout
from tusline.storage.disk.pace import Pace
from tusline.storage.disk.room import Room
from tusline.storage.disk.store import DiskStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """Implements Ground: the data folder, locked, and the threads for what is slow in it."""

    layout: Layout
    folder: Folder
    pace: Pace
    store: DiskStore

    def check(self) -> None:
        self.folder.open()
        self.folder.close()

    async def open(self) -> None:
        self.folder.open()

    async def disconnect(self) -> None:
        """There is nothing: no connection leads out of the process."""

    def close(self) -> None:
        try:
            self.pace.close()
        finally:
            self.folder.close()


def disk(settings: Settings, *, shared: bool) -> Disk:
    """`shared`: whether other processes may have the folder, too."""
    layout = Layout(settings.data)
    pace = Pace(threads=settings.disk_threads, slow=settings.slow_write)
    room = Room(layout.root, reserve=settings.disk_reserve)
    return Disk(
        layout=layout,
        folder=Folder(layout, shared=shared),
        pace=pace,
        store=DiskStore(layout, pace, room, piece=settings.write_bytes),
    )
