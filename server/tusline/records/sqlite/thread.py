"""One thread that owns the SQLite connection, and commits whatever has queued up as one group."""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tusline.errors import ConfigurationError, RecordsUnavailable

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

GROUP = 256
"""Operations committed together at most: bounds how long the first of them waits."""

BUSY_MS = 2000
"""Milliseconds that writes wait for a write of another process (an operator's `sqlite3`), and
everybody for one that has the database to itself. Its readers (`tusline show`) are not waited for.
"""

OWN = (
    sqlite3.DataError,
    sqlite3.IntegrityError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
)
"""Errors that are a piece of work's own fault; any other is the database's."""


@dataclass(slots=True)
class _Item:
    work: Work[Any]
    writes: bool
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[Any]"
    result: Any = None
    error: BaseException | None = None

    def resolve(self) -> None:
        if self.future.done():  # the waiter was cancelled
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


def _nothing(_: sqlite3.Connection) -> None:
    pass


class SqliteThread:
    """Runs pieces of work, each atomic, in order. A group shares one transaction and one sync of
    the disk; nobody is answered before the group is on disk.

    `wait` is how many seconds a caller waits. The queue needs no bound of its own: each request
    waits for one piece of work at a time.
    """

    def __init__(self, path: Path, *, wait: float) -> None:
        self._path = path
        self._wait = wait
        self._queue: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._failure: Exception | None = None

    def start(self, prepare: Work[None], *, conclude: Work[None] = _nothing) -> None:
        """Open the database and have it prepared; `conclude` is done before it is closed, if it
        can be. Raises RecordsUnavailable, and what `prepare` raises."""
        opened = threading.Event()
        self._failure = None
        self._queue = queue.SimpleQueue()
        self._thread = threading.Thread(
            target=self._main, args=(prepare, conclude, opened), name="tusline-records", daemon=True
        )
        self._thread.start()
        opened.wait()
        if self._failure is not None:
            raise self._refusal(self._failure) from self._failure

    def _refusal(self, failure: Exception) -> Exception:
        """Why the database cannot be opened, with a way out."""
        if isinstance(failure, sqlite3.OperationalError):
            return RecordsUnavailable(f"{self._path}: {failure}")
        if isinstance(failure, sqlite3.DatabaseError):
            return ConfigurationError(
                f"{self._path} is damaged ({failure}). Move it away to start with an empty one, "
                "or put a backup in its place; the files beside it are not touched"
            )
        return failure

    async def run(self, work: Work[T]) -> T:
        """The work's result once it is durable. Raises what it raised, or RecordsUnavailable, also
        when there is no answer in time: then the work may be done later, or not at all."""
        return await self._run(work, writes=True)

    async def look(self, work: Work[T]) -> T:
        """As `run`, for work that only reads, in the same order: it sees every write that came
        before it. Alone it needs no lock; beside writes that wait for another process's it waits
        with them, for BUSY_MS."""
        return await self._run(work, writes=False)

    async def _run(self, work: Work[T], *, writes: bool) -> T:
        if self._thread is None or not self._thread.is_alive():
            raise RecordsUnavailable("the records are closed")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._queue.put(_Item(work, writes, loop, future))
        try:
            async with asyncio.timeout(self._wait):
                return await future
        except TimeoutError as error:
            raise RecordsUnavailable("the records do not answer", retry_after=5) from error

    def close(self) -> None:
        """Do what has queued up, and close the database."""
        if self._thread is not None and self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    def _main(self, prepare: Work[None], conclude: Work[None], opened: threading.Event) -> None:
        try:
            connection = self._open(prepare)
        except Exception as error:  # whatever it is, nobody may believe that the records are open
            self._failure = error
            return
        finally:
            opened.set()
        try:
            while (group := self._next_group()) is not None:
                _run_group(connection, group)
                _tell_all(group)
        finally:
            with suppress(sqlite3.Error):
                conclude(connection)
            connection.close()
            self._refuse_rest()

    def _open(self, prepare: Work[None]) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None)
        connection.row_factory = sqlite3.Row
        connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        try:
            prepare(connection)
        except Exception:
            connection.close()
            raise
        return connection

    def _refuse_rest(self) -> None:
        """What came behind the end: nobody will do it."""
        with suppress(queue.Empty):
            while True:
                item = self._queue.get_nowait()
                if item is not None:
                    item.error = RecordsUnavailable("the records are closed")
                    _tell_all([item])

    def _next_group(self) -> list[_Item] | None:
        first = self._queue.get()
        if first is None:
            return None
        group = [first]
        while len(group) < GROUP:
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                break
            if item is None:
                self._queue.put(None)
                break
            group.append(item)
        return group


def _run_group(connection: sqlite3.Connection, group: list[_Item]) -> None:
    """Where a group fails each piece is tried alone: on a full disk a look at an upload must not
    fail because somebody else's write does. Not where another process has the database, which was
    waited for: writes would wait for it again, one after the other, and looks need not. What nobody
    waits for any more is left out."""
    wanted = [item for item in group if not item.future.done()]
    error = _try_group(connection, wanted)
    if error is None:
        return
    for item in wanted:
        item.result = None
        item.error = RecordsUnavailable(f"the records cannot be used: {error}", retry_after=5)
    again = wanted
    if _primary(error) == sqlite3.SQLITE_BUSY:
        again = [item for item in wanted if not item.writes]
    if len(wanted) > 1:
        for item in again:
            item.error = None
            _run_group(connection, [item])


def _try_group(connection: sqlite3.Connection, group: list[_Item]) -> sqlite3.Error | None:
    """One transaction, or what it failed by. It waits for another process's write at its beginning
    or not at all: what has read before it writes would fail at once."""
    writes = any(item.writes for item in group)
    try:
        connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
        for item in group:
            _run_one(connection, item)
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        return error
    return None


def _primary(error: sqlite3.Error) -> int:
    """SQLite's primary result code; 0 where the error is not SQLite's own."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF


def _run_one(connection: sqlite3.Connection, item: _Item) -> None:
    """A savepoint each: a piece of work that raises leaves its neighbours' changes alone."""
    connection.execute("SAVEPOINT piece")
    try:
        item.result = item.work(connection)
    except sqlite3.Error as error:
        if not isinstance(error, OWN):
            raise
        item.error = error
        connection.execute("ROLLBACK TO piece")
    except Exception as error:
        item.error = error
        connection.execute("ROLLBACK TO piece")
    connection.execute("RELEASE piece")


def _tell_all(items: list[_Item]) -> None:
    for loop in {item.loop for item in items}:
        _tell(loop, [item for item in items if item.loop is loop])


def _tell(loop: asyncio.AbstractEventLoop, items: list[_Item]) -> None:
    def resolve() -> None:
        for item in items:
            item.resolve()

    try:
        loop.call_soon_threadsafe(resolve)
    except RuntimeError:
        return  # the loop is closed: nobody waits any more
