"""A store on a real disk, and where it keeps its files."""

from collections.abc import Generator
from pathlib import Path

import pytest

from tusline.storage.disk import DiskStore
from tusline.storage.folder import Folder
from tusline.storage.layout import Layout
from tusline.storage.pace import Pace
from tusline.storage.room import Room


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "data")


@pytest.fixture
def store(layout: Layout) -> Generator[DiskStore]:
    folder = Folder(layout)
    folder.open()
    pace = Pace(threads=2, slow=10.0)
    yield DiskStore(layout, pace, Room(layout.root, reserve=0), piece=65536)
    pace.close()
    folder.close()
