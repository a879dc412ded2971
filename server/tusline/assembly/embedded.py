"""The embedded default: one process, one data folder, no services."""

from dataclasses import dataclass

from tusline.assembly.disk import Disk, disk
from tusline.assembly.parts import Parts, engine
from tusline.clock import SystemClock
from tusline.records.sqlite.records import SqliteRecords
from tusline.service.doors import Doors
from tusline.settings import Settings
from tusline.signals.local import LocalSignals
from tusline.storage.disk.boot import boot_id
from tusline.storage.disk.layout import Layout

JOB_DRAIN = 1.0
"""Seconds that running jobs have to end when a server stops: what does not is done again, from the
outbox, at the next start, or by another process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedGround:
    """Implements Ground: the data folder, with the database in it."""

    disk: Disk
    records: SqliteRecords

    def check(self) -> None:
        self.disk.folder.open()
        try:
            self.records.open()
            self.records.close()
        finally:
            self.disk.folder.close()

    async def open(self) -> None:
        await self.disk.open()
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
        finally:
            self.disk.close()


def assemble(settings: Settings) -> Parts:
    """Make the parts; nothing is opened yet. Raises ConfigurationError."""
    clock = SystemClock()
    bytes = disk(settings, shared=False)
    records = _records(settings, bytes.layout, clock)
    jobs = engine(settings, "memory://", drain=JOB_DRAIN)
    doors = Doors(
        records=records,
        store=bytes.store,
        signals=LocalSignals(),
        jobs=jobs,
        clock=clock,
    )
    return Parts.over(
        doors,
        settings,
        ground=EmbeddedGround(disk=bytes, records=records),
        jobs=jobs,
        scratch=bytes.layout.scratch,
        control=bytes.layout.control,
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
