"""A server whose deadline strikes soon, and a photo for it."""

from pathlib import Path

import pytest

from support import photos
from support.shared import shared_server

hasty = shared_server(request_deadline=2)
"""Its deadline is two seconds."""


@pytest.fixture(scope="session")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photo of four megapixels, some 1.8 MB."""
    path = tmp_path_factory.mktemp("photo") / "photo.jpg"
    path.write_bytes(photos.jpeg(5, size=(2400, 1800)))
    return path
