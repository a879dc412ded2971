"""Records in Redis, with a store that remembers."""

from collections.abc import AsyncGenerator

import pytest

from support.memories import Remembered
from support.redis_servers import RedisServer
from support.shared_records import redis_records
from tusline.records.redis.records import RedisRecords


@pytest.fixture
def memory() -> Remembered:
    return Remembered()


@pytest.fixture
async def records(redis_server: RedisServer, memory: Remembered) -> AsyncGenerator[RedisRecords]:
    """No record is missing at first. The time is the server's."""
    async with redis_records(redis_server.url, memory=memory) as opened:
        assert await opened.close_gaps(await opened.gaps())
        yield opened
