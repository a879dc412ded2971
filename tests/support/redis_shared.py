"""Redis servers that all tests of a session share, each test finding them empty."""

from collections.abc import AsyncGenerator, Generator

import pytest

from support.redis_cluster import RedisCluster, running_cluster
from support.redis_servers import RedisServer, running_redis
from tusline.redis.address import parse
from tusline.redis.client import Redis

WAIT = 10.0
"""Seconds that a call of a test's client may wait."""


@pytest.fixture(scope="session")
def redis_session(tmp_path_factory: pytest.TempPathFactory) -> Generator[RedisServer]:
    with running_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def redis_server(redis_session: RedisServer) -> RedisServer:
    """Empty of data and scripts."""
    _empty(redis_session)
    return redis_session


@pytest.fixture(scope="session")
def cluster_session(tmp_path_factory: pytest.TempPathFactory) -> Generator[RedisCluster]:
    with running_cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture
def redis_cluster(cluster_session: RedisCluster) -> RedisCluster:
    """Three servers, empty of data and scripts."""
    for server in cluster_session.servers:
        _empty(server)
    return cluster_session


@pytest.fixture
async def redis(redis_server: RedisServer) -> AsyncGenerator[Redis]:
    """A client of the shared server."""
    client = Redis(parse(redis_server.url), wait=WAIT)
    await client.open()
    yield client
    await client.close()


@pytest.fixture
async def clustered(redis_cluster: RedisCluster) -> AsyncGenerator[Redis]:
    """A client of the shared cluster."""
    client = Redis(parse(redis_cluster.url), wait=WAIT)
    await client.open()
    yield client
    await client.close()


def _empty(server: RedisServer) -> None:
    server.call("FLUSHALL")
    server.call("SCRIPT", "FLUSH")
