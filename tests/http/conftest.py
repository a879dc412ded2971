"""One real server for all of these tests, with short times, and uploads of any type."""

import pytest

from support.servers import Server
from support.shared import shared_server

DEADLINE = 2.0
IDLE = 1.0


server = shared_server(
    scope="session",
    types="*",
    max_size=1_000_000,
    request_deadline=DEADLINE,
    body_idle=IDLE,
    lease_wait=1,
    linger=0.5,
    events_every=0,
)


@pytest.fixture
def files(server: Server) -> str:
    """Where uploads are created."""
    return server.files
