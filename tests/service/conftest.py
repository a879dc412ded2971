"""One open house for each test, with either records."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from support.house import House, open_house


@pytest.fixture(params=["sqlite", "redis"])
async def house(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncGenerator[House]:
    redis = None
    if request.param == "redis":
        redis = request.getfixturevalue("redis_server").url
    async with open_house(tmp_path / "data", redis=redis) as opened:
        yield opened
