"""The embedded default: one process, one data folder, no services."""

from dataclasses import dataclass

from tusline.assembly.parts import Parts, engine
from tusline.clock import SystemClock
from tusline.records.sqlite.records import SqliteRecords
from tusline.service.doors import Doors
from tusline.settings import Settings
from tusline.signals.local import LocalSignals
from tusline.storage.disk.boot import boot_id
from tusline.storage.disk.folder import Folder
from tusline.storage.disk.layout import Layout
from tusline.storage.disk.pace import Pace
from tusline.storage.disk.room import Room
from tusline.storage.disk.store import DiskStore

JOB_DRAIN = 1
"""Seconds that running jobs have to end when the server stops: what does not is done again at the
next start, from the outbox."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedGround:
    """Implements Ground: the locked data folder, with the database in it."""

    folder: Folder
    records: SqliteRecords
    pace: Pace

    def check(self) -> None:
        self.folder.open()
        try:
            self.records.open()
            self.records.close()
        finally:
            self.folder.close()

    async def open(self) -> None:
        self.folder.open()
        try:
            self.records.open()
        except BaseException:
            self.close()
            raise

    async def disconnect(self) -> None:
        """There is nothing: no connection leads out of the process."""

    def close(self) -> None:
        try:
            self.records.close()
            self.pace.close()
        finally:
            self.folder.close()


def assemble(settings: Settings) -> Parts:
    """Make the parts; nothing is opened yet. Raises ConfigurationError."""
    layout, clock = Layout(settings.data), SystemClock()
    records = _records(settings, layout, clock)
    pace = Pace(threads=settings.disk_threads, slow=settings.slow_write)
    room = Room(layout.root, reserve=settings.disk_reserve)
    jobs = engine(settings, "memory://", drain=JOB_DRAIN)
    doors = Doors(
        records=records,
        store=DiskStore(layout, pace, room, piece=settings.write_bytes),
        signals=LocalSignals(),
        jobs=jobs,
        clock=clock,
    )
    return Parts.over(
        doors,
        settings,
        ground=EmbeddedGround(folder=Folder(layout), records=records, pace=pace),
        jobs=jobs,
        scratch=layout.scratch,
        control=layout.control,
    )


def _records(settings: Settings, layout: Layout, clock: SystemClock) -> SqliteRecords:
    return SqliteRecords(
        layout.records,
        clock,
        lease_ttl=settings.lease_ttl,
        expires=settings.expires,
        wait=settings.records_wait,
        boot=boot_id(),
        keep_records=settings.keep_records,
        keep_originals=settings.keep_originals,
    )
