"""A server that says what a test wants, and a connection to talk to it."""

import threading
from collections.abc import Generator
from contextlib import closing

import pytest

from support.scripted import ScriptedServer
from tusline.uploader.connection import Connection


@pytest.fixture
def server() -> Generator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@pytest.fixture
def connection() -> Generator[Connection]:
    with closing(Connection(threading.Event())) as connection:
        yield connection
