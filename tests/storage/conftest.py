"""A store on a real disk, and where it keeps its files."""

from collections.abc import Generator
from pathlib import Path

import pytest

from support.stores import disk_store
from tusline.storage.disk.layout import Layout
from tusline.storage.disk.store import DiskStore


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "data")


@pytest.fixture
def store(layout: Layout) -> Generator[DiskStore]:
    with disk_store(layout) as opened:
        yield opened
