"""What holds in a child process holds for tests that run its steps in their own."""

import warnings
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest
from PIL import Image

from tusline_optimizer.pool import ImagePool

from .job_house import House, opened_house, opened_pool


@pytest.fixture(autouse=True)
def like_a_child(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="PIL")
        yield


@pytest.fixture
async def house(tmp_path: Path) -> AsyncGenerator[House]:
    async with opened_house(tmp_path / "data") as opened:
        yield opened


@pytest.fixture
async def pool() -> AsyncGenerator[ImagePool]:
    async with opened_pool() as made:
        yield made
