"""Records in Redis, as one process of several has them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TypeVar

from support.memories import Nothing
from support.uploads import EXPIRES, KEEP_ORIGINALS, KEEP_RECORDS, LEASE_TTL
from tusline.interfaces import Clock
from tusline.records.redis.records import RedisRecords
from tusline.records.redis.shelf import Memory
from tusline.redis.address import parse
from tusline.redis.client import Redis
from tusline.redis.keys import Keys

KEYS = Keys("tusline")

Client = TypeVar("Client", bound=Redis)


@asynccontextmanager
async def connected(url: str, client: type[Client]) -> AsyncGenerator[Client]:
    """An open client."""
    redis = client(parse(url), wait=15)
    await redis.open()
    try:
        yield redis
    finally:
        await redis.close()


def records_over(
    redis: Redis,
    clock: Clock | None = None,
    memory: Memory | None = None,
    *,
    keep_records: float = KEEP_RECORDS,
    keep_originals: float = KEEP_ORIGINALS,
) -> RedisRecords:
    """Without a memory nothing is ever recalled; without a clock it is the server's time."""
    return RedisRecords(
        redis,
        KEYS,
        memory or Nothing(),
        lease_ttl=LEASE_TTL,
        expires=EXPIRES,
        keep_records=keep_records,
        keep_originals=keep_originals,
        clock=clock,
    )


@asynccontextmanager
async def redis_records(
    url: str,
    clock: Clock | None = None,
    memory: Memory | None = None,
    *,
    client: type[Redis] = Redis,
    keep_records: float = KEEP_RECORDS,
    keep_originals: float = KEEP_ORIGINALS,
) -> AsyncGenerator[RedisRecords]:
    """`records_over` a client of their own."""
    async with connected(url, client) as redis:
        yield records_over(
            redis, clock, memory, keep_records=keep_records, keep_originals=keep_originals
        )
