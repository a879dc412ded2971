"""Idempotency keys: an owner's own names for creations, and the uploads that they made."""

from tusline import rules
from tusline.records.sqlite.book import Book
from tusline.upload import Upload, UploadId


def named(book: Book, owner: str, key: str) -> Upload | None:
    """The upload that a key stands for, unless nothing can come of it any more."""
    row = book.db.execute(
        "SELECT id FROM keys WHERE owner = ? AND key = ?", (owner, key)
    ).fetchone()
    if row is None:
        return None
    upload = book.read(UploadId(row["id"]))
    return None if rules.is_over(upload, now=book.now) else upload


def give(book: Book, upload: Upload, key: str) -> None:
    """Let a key stand for this upload from now on."""
    book.db.execute(
        "INSERT INTO keys VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET id = excluded.id",
        (upload.owner, key, upload.id),
    )
