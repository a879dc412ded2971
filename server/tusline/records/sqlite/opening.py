"""What the embedded records make of the state in which the last process, or machine, stopped."""

import sqlite3

import structlog

from tusline.records.sqlite.book import Book
from tusline.records.sqlite.interrupted import hand_back
from tusline.records.sqlite.own_clock import Absence, Reading, note

log = structlog.get_logger()


def after_a_stop(book: Book, now: Reading) -> None:
    """Free every lease and hand back every job: no writer and no worker has survived the process
    that held the folder. And where the machine has been booted anew since, take uploads back to
    what was surely on disk (I11).

    On a full disk leases and jobs stay: leases run out by themselves or are overtaken, jobs are
    started anew. Raises sqlite3.Error when uploads had to be taken back and could not.
    """
    lost = book.db.execute(
        "SELECT id, offset, synced FROM uploads"
        " WHERE phase = 'receiving' AND synced < offset AND boot <> ?",
        (now.boot,),
    ).fetchall()
    if lost:
        _take_back(book, lost)
    try:
        book.db.execute("UPDATE uploads SET lease_until = 0 WHERE lease_until > 0")
        hand_back(book)
    except sqlite3.OperationalError as error:
        log.warning("uploads.not_prepared", error=str(error))


def give_time_back(book: Book, away: Absence, now: Reading) -> None:
    """Note that the records are open, and give uploads the time back in which nobody could go on
    with them: in one step, inside a transaction.

    What expires moves on by as much as the wall clock was set, and by the time that the records
    were closed: by that no further than another whole life after the last progress, or an upload
    would not expire where nobody but `tusline sweep` ever opens them.

    What was not to expire, because the operator wanted nothing to, has a whole life from now on."""
    given = {
        "soon": book.soon,
        "later": book.later,
        "set": away.set_by,
        "closed": away.seconds,
        "life": book.expires,
        "wall": away.wall[0],
        "own": away.own[0],
    }
    book.db.execute(
        "UPDATE uploads SET expires = iif(:life, expires + :set + iif(expires > :wall,"
        " max(0, min(:closed, since + 2 * :life - (expires - :wall + :own))), 0), NULL)"
        " WHERE phase = 'receiving' AND expires IS NOT NULL",
        given,
    )
    book.db.execute(
        "UPDATE uploads SET expires ="
        " iif(concat IS NOT NULL AND offset = length, :later, :soon)"
        " WHERE phase = 'receiving' AND expires IS NULL AND members = ''",
        given,
    )
    note(book.db, book.own, now)


def _take_back(book: Book, lost: list[sqlite3.Row]) -> None:
    book.db.execute("BEGIN IMMEDIATE")
    for row in lost:
        book.db.execute(
            "UPDATE uploads SET offset = synced, head = substr(head, 1, synced), lease_until = 0,"
            " version = version + 1 WHERE id = ?",
            (row["id"],),
        )
        book.note(row["id"], "rewound", f"from {row['offset']} to {row['synced']}: power cut")
    book.db.execute("COMMIT")
    log.warning("uploads.rewound", uploads=len(lost))
