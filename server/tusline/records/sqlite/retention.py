"""How long originals and records are kept, and how they go."""

from tusline.records.sqlite.book import Book
from tusline.upload import Phase, Upload, UploadId

ENDED = "phase IN ('ready', 'failed')"
EMPTY = "bytes = 0 AND phase IN ('rejected', 'expired', 'terminated')"
"""Uploads that are over and hold no bytes any more."""


def outdated(book: Book, limit: int, *, keep: float) -> tuple[Upload, ...]:
    """Uploads whose original is to go: after `keep` seconds, 0 never; or it was told to already."""
    going = book.select(f"original = 'going' AND {ENDED} ORDER BY changed", limit)
    if not keep:
        return going
    kept = f"original = 'kept' AND {ENDED} AND since <= :before ORDER BY since"
    return going + book.select(kept, limit - len(going), life=keep)


def drop_original(book: Book, id: UploadId) -> Upload:
    """Raises UnknownUpload."""
    upload = book.read(id)
    if upload.phase not in (Phase.READY, Phase.FAILED) or upload.original_gone:
        return upload
    if upload.variants:
        book.db.execute(
            "UPDATE uploads SET original = 'going', changed = ?, since = ?,"
            " version = version + 1 WHERE id = ?",
            (book.now, book.own, id),
        )
        book.note(id, "dropped", "the original was kept long enough")
    else:
        book.move(id, Phase.EXPIRED, note="the original was kept long enough")
    return book.read(id)


def original_dropped(book: Book, id: UploadId) -> None:
    book.db.execute(
        "UPDATE uploads SET original = 'gone' WHERE id = ? AND original = 'going'", (id,)
    )


def forgettable(book: Book, limit: int, *, keep: float) -> tuple[Upload, ...]:
    """Uploads of which nothing but the record is left, for `keep` seconds; 0: none, ever."""
    if not keep:
        return ()
    return book.select(f"{EMPTY} AND since <= :before ORDER BY since", limit, life=keep)


def forget(book: Book, id: UploadId) -> None:
    deleted = book.db.execute(f"DELETE FROM uploads WHERE id = ? AND {EMPTY}", (id,))
    if deleted.rowcount:
        for table in ("journal", "events", "keys"):
            book.db.execute(f"DELETE FROM {table} WHERE id = ?", (id,))
