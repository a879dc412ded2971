"""The steps that changes of the embedded records are made of; each runs inside a transaction."""

import sqlite3
from dataclasses import dataclass

from tusline.concat import FINALS
from tusline.errors import LeaseLost, StaleJob, UnknownUpload
from tusline.records.sqlite import rows
from tusline.upload import MOVES, PARTIAL_KEPT, TIMELINE, Delta, Phase, Reason, Upload, UploadId


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """The records open at one moment: `now` in seconds since the epoch, `own` by their own clock,
    lives in seconds; `boot` names the machine's running boot."""

    db: sqlite3.Connection
    now: float
    own: float
    lease_ttl: float
    expires: float
    boot: str

    def read(self, id: UploadId) -> Upload:
        """Raises UnknownUpload."""
        row = self.db.execute("SELECT * FROM uploads WHERE id = ?", (id,)).fetchone()
        if row is None:
            raise UnknownUpload("there is no such upload")
        entries = self.db.execute("SELECT entry FROM journal WHERE id = ? ORDER BY seq", (id,))
        journal = [entry["entry"] for entry in entries]
        return rows.to_upload(row, journal, self._finals(row), now=self.now)

    def has(self, id: UploadId) -> bool:
        """Whether there is a record."""
        found = self.db.execute("SELECT 1 FROM uploads WHERE id = ?", (id,)).fetchone()
        return found is not None

    def _finals(self, row: sqlite3.Row) -> list[UploadId]:
        """The pending final uploads that wait for a partial one."""
        if row["concat"] is None:
            return []
        found = self.db.execute(
            "SELECT final FROM waiting WHERE member = ? LIMIT ?", (row["id"], FINALS)
        )
        return [UploadId(waiting["final"]) for waiting in found]

    @property
    def soon(self) -> float | None:
        """When an upload expires that is used now; None: never."""
        return self.now + self.expires if self.expires else None

    @property
    def later(self) -> float | None:
        """As `soon`, for a partial upload that is complete."""
        return self.now + max(self.expires, PARTIAL_KEPT) if self.expires else None

    def select(self, condition: str, limit: int, *, life: float = 0) -> tuple[Upload, ...]:
        """Uploads by a condition of ours (never of a client), which may use `:now`, and `:before`:
        the time `life` seconds ago, by our own clock."""
        found = self.db.execute(
            f"SELECT id FROM uploads WHERE {condition} LIMIT :limit",
            {"now": self.now, "before": self.own - life, "limit": limit},
        ).fetchall()
        return tuple(self.read(UploadId(row["id"])) for row in found)

    def next_token(self, last: int) -> int:
        """A token that never repeats, even after the loss of all records: the clock's µs."""
        return max(last + 1, int(self.now * 1_000_000))

    def must_hold(self, id: UploadId, token: int) -> None:
        """Raises LeaseLost unless the token is the newest one and its lease runs."""
        row = self.db.execute(
            "SELECT token, phase, lease_until FROM uploads WHERE id = ?", (id,)
        ).fetchone()
        held = row is not None and row["lease_until"] > self.now
        if not held or row["token"] != token or row["phase"] != Phase.RECEIVING:
            raise LeaseLost(f"token {token} of {id} is fenced")

    def must_work(self, id: UploadId, token: int) -> None:
        """Raises StaleJob unless the token is that of the job that runs."""
        upload = self.read(id)
        if upload.job_token != token or upload.phase is not Phase.OPTIMIZING:
            raise StaleJob(f"the job of {id} is not this worker's any more")

    def hold(self, id: UploadId, token: int) -> None:
        self.db.execute(
            "UPDATE uploads SET token = ?, lease_until = ?, wanted = 0, commits = 0 WHERE id = ?",
            (token, self.now + self.lease_ttl, id),
        )

    def release(self, id: UploadId) -> None:
        self.db.execute("UPDATE uploads SET lease_until = 0, wanted = 0 WHERE id = ?", (id,))

    def grow(self, id: UploadId, delta: Delta) -> int:
        """Apply a delta and renew the lease; the upload's new offset in bytes.

        The last delta again changes nothing: its answer got lost. Raises LeaseLost for a number
        out of order: its writer has gone astray.
        """
        row = self.db.execute(
            "SELECT offset, head, commits,"
            " (SELECT coalesce(max(seq), 0) FROM journal WHERE id = :id) AS last"
            " FROM uploads WHERE id = :id",
            {"id": id},
        ).fetchone()
        offset: int = row["offset"]
        self.db.execute(
            "UPDATE uploads SET lease_until = ? WHERE id = ?", (self.now + self.lease_ttl, id)
        )
        if not delta or delta.number == row["commits"]:
            return offset
        if delta.number != row["commits"] + 1:
            raise LeaseLost(f"delta {delta.number} of {id} does not follow {row['commits']}")
        self._add(id, delta, offset + delta.added, row["head"] + delta.head)
        self.db.executemany(
            "DELETE FROM journal WHERE id = ? AND entry = ?",
            [(id, entry) for entry in delta.dropped],
        )
        self.db.executemany(
            "INSERT INTO journal VALUES (?, ?, ?)",
            [(id, row["last"] + 1 + n, entry) for n, entry in enumerate(delta.journal)],
        )
        return offset + delta.added

    def _add(self, id: UploadId, delta: Delta, offset: int, head: bytes) -> None:
        given = {
            "id": id,
            "offset": offset,
            "length": delta.length,
            "head": head,
            "number": delta.number,
            "now": self.now,
            "own": self.own,
            "soon": self.soon,
            "later": self.later,
            "synced": delta.synced,
            "boot": self.boot,
        }
        self.db.execute(
            "UPDATE uploads SET offset = :offset, length = coalesce(length, :length),"
            " head = :head, commits = :number, changed = :now, since = :own,"
            " version = version + 1,"
            " synced = iif(:synced, :offset, synced), boot = :boot,"
            " expires = CASE WHEN members <> '' THEN NULL"
            " WHEN concat IS NOT NULL AND :offset = coalesce(length, :length) THEN :later"
            " ELSE :soon END WHERE id = :id",
            given,
        )

    def move(
        self, id: UploadId, phase: Phase, reason: Reason | None = None, note: str = ""
    ) -> None:
        """Change the phase, by an allowed move, and note it."""
        upload = self.read(id)
        if phase not in MOVES[upload.phase]:
            raise ValueError(f"{upload.phase} cannot become {phase}")
        given = {
            "id": id,
            "phase": phase,
            "code": reason.code if reason else None,
            "message": reason.message if reason else None,
            "now": self.now,
            "own": self.own,
        }
        self.db.execute(
            "UPDATE uploads SET phase = :phase, reason_code = :code, reason_message = :message,"
            " changed = :now, since = :own, expires = NULL, version = version + 1 WHERE id = :id",
            given,
        )
        self.db.execute("DELETE FROM waiting WHERE final = ?", (id,))
        self.note(id, phase, note or (reason.code if reason else ""))

    def note(self, id: UploadId, name: str, detail: str) -> None:
        """Add to the timeline, and drop what is too old for it."""
        last = "coalesce((SELECT max(seq) FROM events WHERE id = :id), 0)"
        given = {"id": id, "at": self.now, "name": str(name), "detail": detail, "keep": TIMELINE}
        self.db.execute(f"INSERT INTO events VALUES (:id, {last} + 1, :at, :name, :detail)", given)
        self.db.execute(f"DELETE FROM events WHERE id = :id AND seq <= {last} - :keep", given)
