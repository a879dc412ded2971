"""The service as one object: every use case, wired over the doors it is given."""

from dataclasses import dataclass
from typing import Self

from tusline.rules import Limits
from tusline.service.appending import Appender
from tusline.service.breaking import Breaker
from tusline.service.clearing import Clearer
from tusline.service.creation import Creator
from tusline.service.doors import Doors
from tusline.service.joining import Joiner
from tusline.service.leases import Leases
from tusline.service.looking import Looker
from tusline.service.rebuilding import Rebuilder
from tusline.service.running import Running
from tusline.service.session import Rhythm
from tusline.service.settling import Settler
from tusline.service.sweeper import Sweeper
from tusline.service.terminating import Terminator
from tusline.service.watermarks import SyncRhythm, Watermarks


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """How the service behaves: times in seconds; each is a setting of the same name."""

    limits: Limits
    rhythm: Rhythm
    sync: SyncRhythm
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
    watermarks: Watermarks
    running: Running
    rebuilder: Rebuilder

    @classmethod
    def over(cls, doors: Doors, tuning: Tuning) -> Self:
        """Wire the use cases."""
        records, store, signals = doors.records, doors.store, doors.signals
        clearer = Clearer(records, store)
        breaker = Breaker(records, store, signals, clearer)
        watermarks = Watermarks(records, store, breaker, tuning.sync)
        leases = Leases(
            records, signals, watermarks.committed, wait=tuning.lease_wait, ttl=tuning.lease_ttl
        )
        running = Running()
        joiner = Joiner(
            records, store, doors.clock, breaker, watermarks, max_size=tuning.limits.max_size
        )
        settler = Settler(
            doors,
            leases,
            clearer,
            breaker,
            joiner,
            types=tuning.limits.types,
            wait=tuning.finish_wait,
        )
        terminator = Terminator(doors, leases, clearer)
        appender = Appender(
            doors,
            leases,
            settler,
            clearer,
            breaker,
            terminator,
            running,
            limits=tuning.limits,
            rhythm=tuning.rhythm,
        )
        looker = Looker(records, doors.clock, leases, settler, joiner)
        creator = Creator(
            doors,
            leases,
            appender,
            looker,
            joiner,
            settler,
            limits=tuning.limits,
            expires=tuning.expires,
        )
        return cls(
            creator=creator,
            appender=appender,
            looker=looker,
            terminator=terminator,
            settler=settler,
            sweeper=Sweeper(doors, leases, settler, clearer, watermarks, limit=tuning.sweep_limit),
            watermarks=watermarks,
            running=running,
            rebuilder=Rebuilder(records, store, settler),
        )
