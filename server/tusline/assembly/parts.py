"""Everything of a process, whatever stands behind the doors."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tusline.assembly.ground import Ground
from tusline.assembly.types import accepted_types
from tusline.jobs.docket import DocketEngine
from tusline.rules import Limits
from tusline.service.doors import Doors
from tusline.service.service import Service, Tuning
from tusline.service.session import Rhythm
from tusline.service.watermarks import SyncRhythm
from tusline.settings import Settings
from tusline_optimizer.optimizer import Optimizer
from tusline_optimizer.pool import ImagePool

JOBS = 4
"""Jobs at a time for each image that may be optimized at a time: jobs of files that are no image
only hash them, and should not queue behind images. The image pool keeps its own bound."""

JOB_SECONDS = 60
"""Seconds a job has to read and hash its original and to store its variants; besides those that
its image and the ones before it may take: a job that only waits must not run out of time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The service and the optimizer over their doors, and what has to be opened for them."""

    doors: Doors
    service: Service
    limits: Limits
    ground: Ground
    jobs: DocketEngine
    pool: ImagePool
    optimizer: Optimizer
    control: Path | None
    """Where commands on the data folder reach the process that holds it; None: nobody holds it."""

    @classmethod
    def over(
        cls,
        doors: Doors,
        settings: Settings,
        *,
        ground: Ground,
        jobs: DocketEngine,
        scratch: Path,
        control: Path | None,
    ) -> Self:
        """Wire the service and the optimizer. Raises ConfigurationError."""
        limits = _limits(settings)
        pool = _pool(settings)
        return cls(
            doors=doors,
            service=Service.over(doors, _tuning(settings, limits)),
            limits=limits,
            ground=ground,
            jobs=jobs,
            pool=pool,
            optimizer=Optimizer(
                records=doors.records,
                store=doors.store,
                signals=doors.signals,
                pool=pool,
                attempts=settings.optimizer_attempts,
                scratch=scratch,
            ),
            control=control,
        )


def engine(settings: Settings, url: str, *, drain: float) -> DocketEngine:
    """The job engine on the deployment's queue; `drain` as it has it."""
    return DocketEngine(
        url,
        name=f"{settings.redis_prefix}:jobs",
        concurrency=JOBS * settings.optimizer_concurrency,
        seconds=JOB_SECONDS + JOBS * settings.optimizer_seconds,
        drain=drain,
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
