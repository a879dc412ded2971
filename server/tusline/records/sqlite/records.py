"""The embedded Records: SQLite on the data folder, for one process."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from tusline.errors import LeaseLost, RecordsUnavailable
from tusline.interfaces import Begun, Clock, Committed, Due
from tusline.records.sqlite import jobs, keys, making, retention
from tusline.records.sqlite.book import Book
from tusline.records.sqlite.due import what_is_due
from tusline.records.sqlite.opening import after_a_stop
from tusline.records.sqlite.schema import bring_up, must_be_current
from tusline.records.sqlite.thread import SqliteThread
from tusline.records.sqlite.timekeeping import Timekeeper
from tusline.upload import (
    MOVES,
    OVER,
    STORED,
    Delta,
    Event,
    Job,
    Outcome,
    Phase,
    Reason,
    Upload,
    UploadId,
)

T = TypeVar("T")


class SqliteRecords:
    """Implements Records. All times are seconds: `lease_ttl`, `expires` (0: never), `wait`, after
    which a caller is told that the records do not answer, and how long records of what is over
    and originals are kept (0: for ever).

    `boot` names the running boot of the machine (see `opening`, `own_clock`). Opened read-only,
    beside the process that holds the folder, it reads and nothing else.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock,
        *,
        lease_ttl: float,
        expires: float,
        wait: float,
        boot: str = "",
        keep_records: float = 0,
        keep_originals: float = 0,
    ) -> None:
        self._thread = SqliteThread(path, wait=wait)
        self._time = Timekeeper(clock, boot)
        self._lease_ttl = lease_ttl
        self._expires = expires
        self._boot = boot
        self._keep_records = keep_records
        self._keep_originals = keep_originals

    def open(self, *, read_only: bool = False) -> None:
        """Raises RecordsUnavailable, ConfigurationError."""
        if read_only:
            self._thread.start(_only_read)
            return

        def prepare(db: sqlite3.Connection) -> None:
            bring_up(db, boot=self._boot)
            self._time.open(db)
            after_a_stop(self._book(db), self._time.reading())
            with suppress(sqlite3.OperationalError):  # a full disk, say: `due` tries again
                note_time(db)

        def note_time(db: sqlite3.Connection) -> None:
            with db:
                db.execute("BEGIN IMMEDIATE")
                self._time.note(self._book(db))
            self._time.noted()

        self._thread.start(prepare, conclude=note_time)

    def close(self) -> None:
        self._thread.close()

    async def _run(self, work: Callable[[Book], T]) -> T:
        return await self._thread.run(lambda db: work(self._book(db)))

    async def _look(self, work: Callable[[Book], T]) -> T:
        return await self._thread.look(lambda db: work(self._book(db)))

    def _book(self, db: sqlite3.Connection) -> Book:
        return Book(
            db=db,
            now=self._time.now(),
            own=self._time.own(),
            lease_ttl=self._lease_ttl,
            expires=self._expires,
            boot=self._boot,
        )

    # --- uploads and leases ------------------------------------------------------------------

    async def create(
        self, upload: Upload, *, lease: bool, key: str | None = None, most: int | None = None
    ) -> Begun:
        return await self._run(
            lambda book: making.create(book, upload, lease=lease, key=key, most=most)
        )

    async def named(self, owner: str, key: str) -> Upload | None:
        return await self._look(lambda book: keys.named(book, owner, key))

    async def get(self, id: UploadId) -> Upload:
        return await self._look(lambda book: book.read(id))

    async def begin(
        self,
        id: UploadId,
        *,
        expect: int | None = None,
        want: bool = False,
        overtake: int | None = None,
    ) -> Begun:
        def work(book: Book) -> Begun:
            upload = book.read(id)
            elsewhere = expect is not None and (upload.final or expect != upload.offset)
            if upload.phase is not Phase.RECEIVING or elsewhere:
                return Begun(upload=upload, token=None)
            if upload.held and overtake != upload.token:
                if want:
                    book.db.execute("UPDATE uploads SET wanted = 1 WHERE id = ?", (id,))
                return Begun(upload=upload, token=None)
            if upload.held:
                book.note(id, "overtaken", f"token {upload.token}")
            token = book.next_token(upload.token)
            book.hold(id, token)
            return Begun(upload=upload, token=token)

        return await self._run(work)

    async def commit(self, id: UploadId, token: int, delta: Delta) -> Committed:
        def work(book: Book) -> Committed:
            book.must_hold(id, token)
            offset = book.grow(id, delta)
            row = book.db.execute("SELECT wanted FROM uploads WHERE id = ?", (id,)).fetchone()
            return Committed(offset=offset, wanted=bool(row["wanted"]))

        return await self._run(work)

    async def end(self, id: UploadId, token: int, delta: Delta, note: str) -> Upload:
        def work(book: Book) -> Upload:
            book.must_hold(id, token)
            offset = book.grow(id, delta)
            book.release(id)
            if note:
                book.note(id, "appended", f"to {offset}: {note}")
            return book.read(id)

        return await self._run(work)

    async def synced(self, id: UploadId, offset: int) -> None:
        def work(book: Book) -> None:
            book.db.execute(
                "UPDATE uploads SET synced = min(offset, max(synced, ?)) WHERE id = ?", (offset, id)
            )

        await self._run(work)

    async def finish(self, id: UploadId, token: int, content_type: str | None) -> Upload:
        def work(book: Book) -> Upload:
            book.must_hold(id, token)
            book.move(id, Phase.RECEIVED)
            book.db.execute("UPDATE uploads SET content_type = ? WHERE id = ?", (content_type, id))
            book.db.execute("INSERT OR IGNORE INTO outbox VALUES (?, ?)", (id, book.now))
            book.release(id)
            return book.read(id)

        return await self._run(work)

    async def retire(
        self, id: UploadId, phase: Phase, reason: Reason | None, *, token: int | None = None
    ) -> Upload:
        def work(book: Book) -> Upload:
            upload = book.read(id)
            if token not in (None, upload.token) and upload.phase not in OVER:
                raise LeaseLost(f"token {token} of {id} is fenced")
            stored = upload.phase in STORED and phase is Phase.EXPIRED
            if stored or phase not in MOVES[upload.phase]:
                return upload
            book.move(id, phase, reason)
            book.release(id)
            book.db.execute("DELETE FROM outbox WHERE id = ?", (id,))
            book.db.execute(
                "UPDATE uploads SET token = ?, job_token = ? WHERE id = ?",
                (book.next_token(upload.token), book.next_token(upload.job_token), id),
            )
            return book.read(id)

        return await self._run(work)

    # --- the sweeper, the outbox, the timeline -----------------------------------------------

    async def discarded(self, id: UploadId) -> None:
        def work(book: Book) -> None:
            book.db.execute("UPDATE uploads SET bytes = 0 WHERE id = ?", (id,))
            book.db.execute("DELETE FROM journal WHERE id = ?", (id,))

        await self._run(work)

    async def drop_original(self, id: UploadId) -> Upload:
        return await self._run(lambda book: retention.drop_original(book, id))

    async def original_dropped(self, id: UploadId) -> None:
        await self._run(lambda book: retention.original_dropped(book, id))

    async def forget(self, id: UploadId) -> None:
        await self._run(lambda book: retention.forget(book, id))

    async def restore(self, upload: Upload) -> Upload:
        return await self._run(lambda book: making.restore(book, upload))

    async def missing(self, ids: Sequence[UploadId]) -> list[UploadId]:
        return await self._look(lambda book: [id for id in ids if not book.has(id)])

    async def gaps(self) -> str:
        return ""  # they are lost with the bytes beside them, or not at all

    async def close_gaps(self, mark: str) -> bool:
        return True

    async def due(self, limit: int) -> Due:
        with suppress(RecordsUnavailable):  # a full disk, say, which the sweeper may make room on
            await self._run(self._time.note)
            self._time.noted()
        return await self._look(
            lambda book: what_is_due(
                book, limit, keep_records=self._keep_records, keep_originals=self._keep_originals
            )
        )

    async def pending(self, *, after: str, limit: int) -> tuple[list[UploadId], str]:
        def work(book: Book) -> tuple[list[UploadId], str]:
            found = book.db.execute(
                "SELECT id FROM outbox WHERE id > ? ORDER BY id LIMIT ?", (after, limit)
            ).fetchall()
            ids = [UploadId(row["id"]) for row in found]
            return ids, ids[-1] if len(ids) == limit else ""

        return await self._look(work)

    async def timeline(self, id: UploadId) -> list[Event]:
        def work(book: Book) -> list[Event]:
            found = book.db.execute("SELECT * FROM events WHERE id = ? ORDER BY seq", (id,))
            return [Event(at=row["at"], name=row["name"], detail=row["detail"]) for row in found]

        return await self._look(work)

    # --- jobs --------------------------------------------------------------------------------

    async def start_job(self, id: UploadId) -> Job | None:
        return await self._run(lambda book: jobs.start(book, id))

    async def postpone(self, id: UploadId, token: int) -> None:
        await self._run(lambda book: jobs.postpone(book, id, token))

    async def publish(self, id: UploadId, token: int, outcome: Outcome) -> Upload:
        return await self._run(lambda book: jobs.publish(book, id, token, outcome))


def _only_read(db: sqlite3.Connection) -> None:
    db.execute("PRAGMA query_only = ON")
    must_be_current(db)
