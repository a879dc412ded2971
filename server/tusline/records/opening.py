"""What the embedded records make of the state in which the last process, or machine, stopped."""

import sqlite3

import structlog

from tusline.records.book import Book
from tusline.records.interrupted import hand_back

log = structlog.get_logger()

GRACE = 3600.0
"""Seconds that an unfinished upload lives at least after a start: while there was no server its
client could not go on. (It also keeps a clock that was set from expiring everything.)"""


def after_a_stop(book: Book, *, boot: str) -> None:
    """Free every lease and hand back every job: no writer and no worker has survived the process
    that held the folder. Give uploads that nobody could go on with some time. And where the
    machine has been booted anew since, take them back to what was surely on disk (I11).

    On a full disk leases and jobs stay: leases run out by themselves or are overtaken, jobs are
    started anew. Raises sqlite3.Error when uploads had to be taken back and could not.
    """
    lost = book.db.execute(
        "SELECT id, offset, synced FROM uploads"
        " WHERE phase = 'receiving' AND synced < offset AND boot <> ?",
        (boot,),
    ).fetchall()
    if lost:
        _take_back(book, lost)
    try:
        book.db.execute("UPDATE uploads SET lease_until = 0 WHERE lease_until > 0")
        book.db.execute(
            "UPDATE uploads SET expires = :least WHERE phase = 'receiving' AND expires < :least",
            {"least": book.now + min(book.expires, GRACE)},
        )
        hand_back(book)
    except sqlite3.OperationalError as error:
        log.warning("uploads.not_prepared", error=str(error))


def _take_back(book: Book, lost: list[sqlite3.Row]) -> None:
    book.db.execute("BEGIN")
    for row in lost:
        book.db.execute(
            "UPDATE uploads SET offset = synced, head = substr(head, 1, synced), lease_until = 0,"
            " version = version + 1 WHERE id = ?",
            (row["id"],),
        )
        book.note(row["id"], "rewound", f"from {row['offset']} to {row['synced']}: power cut")
    book.db.execute("COMMIT")
    log.warning("uploads.rewound", uploads=len(lost))
