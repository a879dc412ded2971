"""A server with a short deadline and one with the default, and something to upload."""

import random
from collections.abc import Generator
from pathlib import Path

import pytest

from support.servers import Server, running_server

SHORT = 2
"""Seconds of the short deadline."""

SIZE = 3_000_000


@pytest.fixture(scope="session")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    """A server whose deadline strikes after two seconds."""
    folder = tmp_path_factory.mktemp("hasty")
    with running_server(folder, request_deadline=SHORT, types="*", max_size="64MB") as running:
        yield running


@pytest.fixture(scope="session")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    """A server with the default deadline, 25 seconds."""
    with running_server(tmp_path_factory.mktemp("calm"), types="*", max_size="64MB") as running:
        yield running


@pytest.fixture(scope="session")
def source() -> bytes:
    """What is uploaded: no two places alike, so that a misplaced byte shows."""
    return random.Random(4).randbytes(SIZE)


@pytest.fixture
def path(tmp_path: Path, source: bytes) -> Path:
    file = tmp_path / "source.bin"
    file.write_bytes(source)
    return file
