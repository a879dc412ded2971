"""Clients of Redis with the short patience of tests."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from tusline.redis.address import parse
from tusline.redis.client import Redis
from tusline.redis.script import Script

COUNT = Script(
    name="count",
    source="""
local count = redis.call('HGET', KEYS[2], ARGV[2])
if not count then
  count = redis.call('INCR', KEYS[1])
  redis.call('HSET', KEYS[2], ARGV[2], count)
end
return {count, ARGV[1]}
""",
)
"""Counts calls, each once by its nonce, and answers its number and the epoch."""


@asynccontextmanager
async def opened(
    url: str, *, wait: float = 10, stall: float = 2, waiters: int = 1000
) -> AsyncGenerator[Redis]:
    """A client, open for the block."""
    client = Redis(parse(url), wait=wait, stall=stall, waiters=waiters)
    await client.open()
    try:
        yield client
    finally:
        await client.close()


async def count(client: Redis, name: str = "n") -> int:
    """One more; how many there are then."""
    told, _ = await client.run(COUNT, [f"{{{name}}}", f"{{{name}}}:seen"])
    return int(told)


async def epoch(client: Redis, name: str = "n") -> str:
    """What scripts are told that the server's epoch is."""
    _, told = await client.run(COUNT, [f"{{{name}}}", f"{{{name}}}:seen"])
    return str(told.decode())
