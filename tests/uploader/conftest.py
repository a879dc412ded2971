"""A server that says what a test wants, and a connection to talk to it."""

import threading
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import pytest

from support.scripted import ScriptedServer
from tusline.clock import SystemClock
from tusline.uploader.connection import Connection
from tusline.uploader.resume import ResumeStore


@pytest.fixture
def server() -> Generator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@pytest.fixture
def store(tmp_path: Path) -> Generator[ResumeStore]:
    with closing(ResumeStore(tmp_path / "state", SystemClock())) as store:
        yield store


@pytest.fixture
def connection() -> Generator[Connection]:
    with closing(Connection(threading.Event())) as connection:
        yield connection
