"""The thread of the embedded records: which pieces of a group are done, and how often."""

import asyncio
import sqlite3
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from tusline.errors import RecordsUnavailable
from tusline.records.sqlite import thread as sqlite_thread
from tusline.records.sqlite.thread import SqliteThread

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


def count_and_add(db: sqlite3.Connection) -> int:
    """It has read before it writes, as almost all work on the records does."""
    count: int = db.execute("SELECT count(*) FROM notes").fetchone()[0]
    db.execute("INSERT INTO notes VALUES ('mine')")
    return count


def count(db: sqlite3.Connection) -> int:
    found: int = db.execute("SELECT count(*) FROM notes").fetchone()[0]
    return found


class Stop:
    """A piece of work in which the thread stands still, so that others queue up behind it."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.go_on = threading.Event()

    def __call__(self, db: sqlite3.Connection) -> None:
        self.reached.set()
        self.go_on.wait(30)


async def test_a_group_waits_once_for_another_process(
    thread: SqliteThread, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = Stop()
    standing = asyncio.create_task(thread.look(stop))
    await asyncio.to_thread(stop.reached.wait, 30)
    other = sqlite3.connect(tmp_path / "r.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    tries: list[int] = []
    try_group = sqlite_thread._try_group

    def trying(connection: sqlite3.Connection, group: list[Any]) -> sqlite3.Error | None:
        tries.append(len(group))
        return try_group(connection, group)

    writing = [asyncio.create_task(thread.run(count_and_add)) for _ in range(PIECES)]
    await asyncio.sleep(0)  # now they are in the queue
    monkeypatch.setattr(sqlite_thread, "_try_group", trying)
    stop.go_on.set()
    ends = await asyncio.gather(*writing, return_exceptions=True)
    assert all(isinstance(end, RecordsUnavailable) for end in ends)
    assert tries == [PIECES]
    other.close()
    await thread.run(count_and_add)
    await standing


@pytest.fixture
def patient(tmp_path: Path) -> Generator[SqliteThread]:
    """A thread that waits for other processes as long as in earnest."""
    running = SqliteThread(tmp_path / "r.db", wait=30)
    running.start(with_notes)
    yield running
    running.close()


async def test_a_write_that_has_read_waits_for_another_process_s_write(
    patient: SqliteThread, tmp_path: Path
) -> None:
    other = sqlite3.connect(tmp_path / "r.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("INSERT INTO notes VALUES ('theirs')")
    writing = asyncio.create_task(patient.run(count_and_add))
    await asyncio.wait([writing], timeout=0.5)
    assert not writing.done()
    other.execute("COMMIT")
    assert await writing == 1
    other.close()


async def test_a_look_beside_a_write_that_another_process_refuses_is_answered(
    thread: SqliteThread, tmp_path: Path
) -> None:
    stop = Stop()
    standing = asyncio.create_task(thread.look(stop))
    await asyncio.to_thread(stop.reached.wait, 30)
    other = sqlite3.connect(tmp_path / "r.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writing = asyncio.create_task(thread.run(count_and_add))
    looking = asyncio.create_task(thread.look(count))
    await asyncio.sleep(0)  # now they are in the queue, and make one group
    stop.go_on.set()
    await standing
    assert await looking == 0
    with pytest.raises(RecordsUnavailable):
        await writing
    assert await thread.look(count) == 0
    other.close()


async def test_a_look_sees_every_write_that_came_before_it(thread: SqliteThread) -> None:
    stop = Stop()
    standing = asyncio.create_task(thread.look(stop))
    await asyncio.to_thread(stop.reached.wait, 30)
    works = [thread.look(count), thread.run(count_and_add), thread.look(count)]
    ends = [asyncio.create_task(work) for work in works]
    await asyncio.sleep(0)
    stop.go_on.set()
    await standing
    assert await asyncio.gather(*ends) == [0, 0, 1]


async def test_a_reader_of_another_process_holds_no_write_up(
    thread: SqliteThread, tmp_path: Path
) -> None:
    other = sqlite3.connect(tmp_path / "r.db", isolation_level=None)
    other.execute("BEGIN")
    assert other.execute("SELECT count(*) FROM notes").fetchone() == (0,)
    assert await thread.run(count_and_add) == 0
    assert other.execute("SELECT count(*) FROM notes").fetchone() == (0,)
    other.close()


def test_whatever_goes_wrong_at_the_start_is_told(tmp_path: Path) -> None:
    def prepare(_: sqlite3.Connection) -> None:
        raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "a step that cannot be read")

    with pytest.raises(UnicodeDecodeError):
        SqliteThread(tmp_path / "r.db", wait=30).start(prepare)


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


async def test_what_comes_behind_the_end_is_refused_at_once_and_never_done(
    thread: SqliteThread,
) -> None:
    stop = Stop()
    standing = asyncio.create_task(thread.run(stop))
    await asyncio.to_thread(stop.reached.wait, 30)
    closing = asyncio.create_task(asyncio.to_thread(thread.close))
    while thread._queue.empty():
        await asyncio.sleep(0.001)
    late = asyncio.create_task(thread.run(count_and_add))
    await asyncio.sleep(0)
    stop.go_on.set()
    await asyncio.gather(standing, closing)
    with pytest.raises(RecordsUnavailable, match="closed"):
        await late
    thread.start(lambda db: None)
    assert await thread.look(lambda db: db.execute("SELECT * FROM notes").fetchall()) == []
