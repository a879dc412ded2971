"""What the sweeper should look at in the embedded records."""

from tusline.interfaces import Due
from tusline.records.sqlite import finals, retention
from tusline.records.sqlite.book import Book

FREE = "phase = 'receiving' AND lease_until <= :now"
"""Uploads that take bytes and have no writer."""

KEPT = f"offset = length AND (concat IS NULL OR {finals.AWAITED})"
EXPIRED = f"{FREE} AND expires <= :now AND NOT coalesce({KEPT}, 0)"
UNSETTLED = f"{FREE} AND offset = length AND (concat IS NULL OR members <> '')"
LEFTOVER = "bytes = 1 AND phase IN ('rejected', 'expired', 'terminated')"


def what_is_due(book: Book, limit: int, *, keep_records: float, keep_originals: float) -> Due:
    """At most `limit` uploads of each kind, oldest first."""
    return Due(
        expired=book.select(f"{EXPIRED} ORDER BY expires", limit),
        unsettled=book.select(f"{UNSETTLED} ORDER BY changed", limit),
        joinable=book.select(f"{FREE} AND {finals.JOINABLE} ORDER BY changed", limit),
        unsynced=book.select(f"{FREE} AND synced < offset ORDER BY changed", limit),
        leftover=book.select(f"{LEFTOVER} ORDER BY changed", limit),
        outdated=retention.outdated(book, limit, keep=keep_originals),
        forgettable=retention.forgettable(book, limit, keep=keep_records),
    )
