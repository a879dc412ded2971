"""Records in Redis, as one process of several has them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from support.memories import Nothing
from support.uploads import EXPIRES, KEEP_ORIGINALS, KEEP_RECORDS, LEASE_TTL
from tusline.interfaces import Clock
from tusline.records.redis.records import RedisRecords
from tusline.records.redis.shelf import Memory
from tusline.redis.address import parse
from tusline.redis.client import Redis
from tusline.redis.keys import Keys

KEYS = Keys("tusline")


def records_over(redis: Redis, clock: Clock | None, memory: Memory | None = None) -> RedisRecords:
    """Records over a client that is open. Without a memory nothing is ever recalled."""
    return RedisRecords(
        redis,
        KEYS,
        memory or Nothing(),
        lease_ttl=LEASE_TTL,
        expires=EXPIRES,
        keep_records=KEEP_RECORDS,
        keep_originals=KEEP_ORIGINALS,
        clock=clock,
    )


@asynccontextmanager
async def redis_records(
    url: str,
    clock: Clock | None = None,
    memory: Memory | None = None,
    *,
    client: type[Redis] = Redis,
) -> AsyncGenerator[RedisRecords]:
    """Records over a client of their own."""
    redis = client(parse(url), wait=15)
    await redis.open()
    try:
        yield records_over(redis, clock, memory)
    finally:
        await redis.close()
