"""Several processes: records, signals and jobs in Redis, bytes in a bucket or on a shared disk."""

from dataclasses import dataclass

from tusline.assembly.ground import Ground
from tusline.assembly.parts import Parts, engine
from tusline.assembly.places import place
from tusline.clock import SystemClock
from tusline.interfaces import BlobStore
from tusline.records.redis.records import RedisRecords
from tusline.redis.address import parse
from tusline.redis.client import Redis
from tusline.redis.keys import Keys
from tusline.service.doors import Doors
from tusline.settings import Settings
from tusline.signals.redis import RedisSignals


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedGround:
    """Implements Ground: the links to Redis, and what the store stands on."""

    redis: Redis
    signals: RedisSignals
    store: Ground

    def check(self) -> None:
        """Redis may come later: until then requests are answered that the records are away."""
        self.store.check()

    async def open(self) -> None:
        await self.store.open()
        await self.redis.open()
        await self.signals.open()

    async def disconnect(self) -> None:
        await self.signals.close()
        await self.redis.close()
        await self.store.disconnect()

    def close(self) -> None:
        self.store.close()


def assemble(settings: Settings, redis_url: str, *, drain: float) -> Parts:
    """Make the parts; nothing is opened yet. `drain`: seconds that running jobs have to end.
    Raises ConfigurationError."""
    keys = Keys(settings.redis_prefix)
    redis = Redis(
        parse(redis_url, verify=settings.redis_verify),
        wait=settings.records_wait,
        stall=settings.redis_stall,
        waiters=settings.redis_waiters,
    )
    bytes = place(settings, redis, keys)
    signals = RedisSignals(redis, keys)
    jobs = engine(settings, queue_address(redis_url, verify=settings.redis_verify), drain=drain)
    doors = Doors(
        records=_records(settings, redis, keys, bytes.store),
        store=bytes.store,
        signals=signals,
        jobs=jobs,
        clock=SystemClock(),
    )
    return Parts.over(
        doors,
        settings,
        ground=SharedGround(redis=redis, signals=signals, store=bytes.ground),
        jobs=jobs,
        scratch=bytes.scratch,
        control=None,
    )


def _records(settings: Settings, redis: Redis, keys: Keys, store: BlobStore) -> RedisRecords:
    return RedisRecords(
        redis,
        keys,
        store,
        lease_ttl=settings.lease_ttl,
        expires=settings.expires,
        keep_records=settings.keep_records,
        keep_originals=settings.keep_originals,
    )


def queue_address(url: str, *, verify: bool) -> str:
    """The address as the job engine takes it."""
    if verify or not url.startswith("rediss://"):
        return url
    return f"{url}{'&' if '?' in url else '?'}ssl_cert_reqs=none"
