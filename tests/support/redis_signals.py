"""Signals over Redis, as one of several processes has them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from tusline.redis.address import parse
from tusline.redis.client import Redis
from tusline.redis.keys import Keys
from tusline.signals.redis import RedisSignals

KEYS = Keys("test")


@asynccontextmanager
async def redis_signals(url: str, *, stall: float = 2) -> AsyncGenerator[RedisSignals]:
    """Open for the block, with a client of its own: another process as far as Redis can tell."""
    redis = Redis(parse(url), wait=10, stall=stall)
    signals = RedisSignals(redis, KEYS)
    await redis.open()
    await signals.open()
    try:
        await redis.command("any", "PING")  # what is posted before there is a link gets lost
        yield signals
    finally:
        await signals.close()
        await redis.close()
