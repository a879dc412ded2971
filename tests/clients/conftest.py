"""A server with a short deadline and one with the default, and something to upload."""

import random
from pathlib import Path

import pytest

from support.shared import shared_server

SHORT = 2
"""Seconds of the short deadline."""

SIZE = 3_000_000


hasty = shared_server(scope="session", request_deadline=SHORT, types="*", max_size="64MB")
"""A server whose deadline strikes after two seconds."""

calm = shared_server(scope="session", types="*", max_size="64MB")
"""A server with the default deadline, 25 seconds."""


@pytest.fixture(scope="session")
def source() -> bytes:
    """What is uploaded: no two places alike, so that a misplaced byte shows."""
    return random.Random(4).randbytes(SIZE)


@pytest.fixture
def path(tmp_path: Path, source: bytes) -> Path:
    file = tmp_path / "source.bin"
    file.write_bytes(source)
    return file
