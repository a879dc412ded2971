"""Composition, below HTTP: settings to adapters, adapters to the service and the optimizer."""

from dataclasses import dataclass
from importlib.util import find_spec

from tusline.clock import SystemClock
from tusline.errors import ConfigurationError
from tusline.jobs.docket import DocketEngine
from tusline.records.sqlite.records import SqliteRecords
from tusline.rules import ANY_TYPE, Limits
from tusline.service.doors import Doors
from tusline.service.service import Service, Tuning
from tusline.service.session import Rhythm
from tusline.service.watermarks import SyncRhythm
from tusline.settings import Settings, variable
from tusline.signals.local import LocalSignals
from tusline.sniff import ALIASES, KINDS
from tusline.storage.disk.boot import boot_id
from tusline.storage.disk.folder import Folder
from tusline.storage.disk.layout import Layout
from tusline.storage.disk.pace import Pace
from tusline.storage.disk.room import Room
from tusline.storage.disk.store import DiskStore
from tusline_optimizer.optimizer import Optimizer
from tusline_optimizer.pool import ImagePool

JOBS = 4
"""Jobs at a time for each image that may be optimized at a time: jobs of files that are no image
only hash them, and should not queue behind images. The image pool keeps its own bound."""

JOB_SECONDS = 60
"""Seconds a job has to read and hash its original and to store its variants; besides those that
its image and the ones before it may take: a job that only waits must not run out of time."""

JOB_DRAIN = 1
"""Seconds that running jobs have to end when the server stops: what does not is done again at the
next start, from the outbox."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """Everything of the embedded default: one process, one data folder, no services."""

    doors: Doors
    service: Service
    limits: Limits
    folder: Folder
    records: SqliteRecords
    jobs: DocketEngine
    pace: Pace
    pool: ImagePool
    optimizer: Optimizer

    def close(self) -> None:
        """Wait for all that is being written, close the records, and give the folder free."""
        try:
            self.records.close()
            self.pace.close()
        finally:
            self.folder.close()


def accepted_types(settings: Settings) -> tuple[str, ...]:
    """The types to accept, by their usual names: HEIC only where its decoder is installed. Raises
    ConfigurationError for types that no file could ever be found to be, and for none at all."""
    named = [ALIASES.get(name.lower(), name.lower()) for name in settings.types]
    unknown = [name for name in named if name not in KINDS | {ANY_TYPE}]
    if unknown or not named:
        raise ConfigurationError(
            f"{variable('types')}: {', '.join(unknown) or 'an empty list'} would accept no file, "
            f"for types are told by content. Known are {', '.join(sorted(KINDS))}, "
            f"and {ANY_TYPE} for every file"
        )
    if find_spec("pi_heif") is None:
        named = [kind for kind in named if kind != "image/heic"]
    if not named:
        raise ConfigurationError(
            f"{variable('types')}: image/heic needs its decoder, the extra heic of tusline"
        )
    return tuple(dict.fromkeys(named))


def embedded(settings: Settings) -> Embedded:
    """Make the parts; nothing is opened yet."""
    layout, clock, limits = Layout(settings.data), SystemClock(), _limits(settings)
    records = _records(settings, layout, clock)
    pace = Pace(threads=settings.disk_threads, slow=settings.slow_write)
    room = Room(layout.root, reserve=settings.disk_reserve)
    jobs = _jobs(settings)
    pool = _pool(settings)
    doors = Doors(
        records=records,
        store=DiskStore(layout, pace, room, piece=settings.write_bytes),
        signals=LocalSignals(),
        jobs=jobs,
        clock=clock,
    )
    return Embedded(
        doors=doors,
        service=Service.over(doors, _tuning(settings, limits)),
        limits=limits,
        folder=Folder(layout),
        records=records,
        jobs=jobs,
        pace=pace,
        pool=pool,
        optimizer=Optimizer(
            records=doors.records,
            store=doors.store,
            signals=doors.signals,
            pool=pool,
            attempts=settings.optimizer_attempts,
            scratch=layout.scratch,
        ),
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


def _jobs(settings: Settings) -> DocketEngine:
    return DocketEngine(
        "memory://",
        concurrency=JOBS * settings.optimizer_concurrency,
        seconds=JOB_SECONDS + JOBS * settings.optimizer_seconds,
        drain=JOB_DRAIN,
    )


def _pool(settings: Settings) -> ImagePool:
    return ImagePool(
        concurrency=settings.optimizer_concurrency,
        memory=settings.optimizer_memory,
        seconds=settings.optimizer_seconds,
        idle=settings.optimizer_idle,
    )


def _limits(settings: Settings) -> Limits:
    return Limits(
        max_size=settings.max_size,
        types=accepted_types(settings),
        min_free=settings.min_free,
        queue_limit=settings.queue_limit,
        max_files=settings.max_files,
    )


def _tuning(settings: Settings, limits: Limits) -> Tuning:
    return Tuning(
        limits=limits,
        rhythm=Rhythm(
            commit_bytes=settings.commit_bytes,
            commit_seconds=settings.commit_seconds,
            commit_pause=settings.commit_pause,
            strict=settings.durability == "strict",
        ),
        sync=SyncRhythm(
            bytes=settings.sync_bytes, seconds=settings.sync_seconds, rate=settings.sync_rate
        ),
        expires=settings.expires,
        lease_wait=settings.lease_wait,
        lease_ttl=settings.lease_ttl,
        finish_wait=settings.finish_wait,
        sweep_limit=settings.sweep_limit,
    )
