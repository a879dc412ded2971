"""One real server for all of these tests, with short times, and uploads of any type."""

from collections.abc import Generator
from pathlib import Path

import pytest

from support.servers import Server, running_server

DEADLINE = 2.0
IDLE = 1.0


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    folder: Path = tmp_path_factory.mktemp("http")
    with running_server(
        folder,
        types="*",
        max_size=1_000_000,
        request_deadline=DEADLINE,
        body_idle=IDLE,
        lease_wait=1,
        linger=0.5,
        events_every=0,
    ) as running:
        yield running


@pytest.fixture
def files(server: Server) -> str:
    """Where uploads are created."""
    return server.files
