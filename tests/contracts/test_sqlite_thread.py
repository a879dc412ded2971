"""The thread of the embedded records: which pieces of a group are done, and how often."""

import asyncio
import sqlite3
import threading
from collections.abc import Generator
from pathlib import Path

import pytest

from tusline.errors import RecordsUnavailable
from tusline.records import sqlite_thread
from tusline.records.sqlite_thread import SqliteThread

PIECES = 20


@pytest.fixture
def thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[SqliteThread]:
    monkeypatch.setattr(sqlite_thread, "BUSY_MS", 50)
    running = SqliteThread(tmp_path / "r.db", wait=30)
    running.start(with_notes)
    yield running
    running.close()


def with_notes(db: sqlite3.Connection) -> None:
    db.execute("CREATE TABLE notes (text TEXT)")


class Stop:
    """A piece of work in which the thread stands still, so that others queue up behind it."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.go_on = threading.Event()

    def __call__(self, db: sqlite3.Connection) -> None:
        self.reached.set()
        self.go_on.wait(30)


async def test_a_group_waits_once_for_another_process(thread: SqliteThread, tmp_path: Path) -> None:
    stop = Stop()
    tried: list[int] = []
    standing = asyncio.create_task(thread.run(stop))
    await asyncio.to_thread(stop.reached.wait, 30)
    other = sqlite3.connect(tmp_path / "r.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    def write(db: sqlite3.Connection) -> None:
        tried.append(1)
        db.execute("INSERT INTO notes VALUES ('x')")

    writing = [asyncio.create_task(thread.run(write)) for _ in range(PIECES)]
    await asyncio.sleep(0)  # now they are in the queue
    stop.go_on.set()
    ends = await asyncio.gather(*writing, return_exceptions=True)
    assert all(isinstance(end, RecordsUnavailable) for end in ends)
    assert len(tried) == 1
    other.close()
    await thread.run(write)
    await standing


async def test_what_nobody_waits_for_any_more_is_not_done(thread: SqliteThread) -> None:
    stop = Stop()
    done: list[str] = []
    standing = asyncio.create_task(thread.run(stop))
    await asyncio.to_thread(stop.reached.wait, 30)
    left = asyncio.create_task(thread.run(lambda _: done.append("left")))
    await asyncio.sleep(0)
    left.cancel()
    with pytest.raises(asyncio.CancelledError):
        await left
    stop.go_on.set()
    await thread.run(lambda _: done.append("awaited"))
    await standing
    assert done == ["awaited"]
