"""The service as one object: every use case, wired over the doors it is given."""

from dataclasses import dataclass
from typing import Self

from tusline.interfaces import BlobStore, Clock, JobEngine, Records, Signals
from tusline.rules import Limits
from tusline.service.appending import Appender
from tusline.service.creation import Creator
from tusline.service.leases import Leases
from tusline.service.looking import Looker
from tusline.service.running import Running
from tusline.service.session import Rhythm
from tusline.service.settling import Settler
from tusline.service.sweeper import Sweeper
from tusline.service.terminating import Terminator


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """The adapters that a process uses."""

    records: Records
    store: BlobStore
    signals: Signals
    jobs: JobEngine
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """How the service behaves: times in seconds; each is a setting of the same name."""

    limits: Limits
    rhythm: Rhythm
    expires: float
    lease_wait: float
    lease_ttl: float
    finish_wait: float
    sweep_limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    creator: Creator
    appender: Appender
    looker: Looker
    terminator: Terminator
    settler: Settler
    sweeper: Sweeper
    running: Running

    @classmethod
    def over(cls, doors: Doors, tuning: Tuning) -> Self:
        """Wire the use cases."""
        records, store, signals, clock = doors.records, doors.store, doors.signals, doors.clock
        leases = Leases(records, signals, wait=tuning.lease_wait, ttl=tuning.lease_ttl)
        running = Running()
        settler = Settler(
            records,
            store,
            signals,
            leases,
            types=tuning.limits.types,
            enqueue=doors.jobs.enqueue,
        )
        appender = Appender(
            records,
            store,
            signals,
            clock,
            leases,
            settler,
            running,
            limits=tuning.limits,
            rhythm=tuning.rhythm,
            finish_wait=tuning.finish_wait,
        )
        terminator = Terminator(records, store, signals, clock, leases)
        return cls(
            creator=Creator(
                records,
                store,
                doors.jobs,
                clock,
                appender,
                terminator,
                limits=tuning.limits,
                expires=tuning.expires,
            ),
            appender=appender,
            looker=Looker(records, clock, leases, settler),
            terminator=terminator,
            settler=settler,
            sweeper=Sweeper(
                records, store, signals, doors.jobs, leases, settler, limit=tuning.sweep_limit
            ),
            running=running,
        )
