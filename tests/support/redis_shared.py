"""One Redis server that all tests of a session share, each finding it empty."""

from collections.abc import AsyncGenerator, Generator

import pytest

from support.redis_servers import RedisServer, running_redis
from tusline.redis.address import parse
from tusline.redis.client import Redis


@pytest.fixture(scope="session")
def redis_session(tmp_path_factory: pytest.TempPathFactory) -> Generator[RedisServer]:
    with running_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def redis_server(redis_session: RedisServer) -> RedisServer:
    """Empty of data and scripts."""
    redis_session.call("FLUSHALL")
    redis_session.call("SCRIPT", "FLUSH")
    return redis_session


@pytest.fixture
async def redis(redis_server: RedisServer) -> AsyncGenerator[Redis]:
    """A client of it."""
    client = Redis(parse(redis_server.url), wait=5)
    await client.open()
    yield client
    await client.close()
