"""Fixtures for every suite. Tests of asyncio code run on asyncio only: uvloop is the server's."""

import pytest

pytest_plugins = ["support.redis_shared", "support.s3_shared"]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
