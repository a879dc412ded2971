"""One open house for each test."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from support.house import House, open_house


@pytest.fixture
async def house(tmp_path: Path) -> AsyncGenerator[House]:
    async with open_house(tmp_path / "data") as opened:
        yield opened
