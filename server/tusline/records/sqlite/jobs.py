"""What the optimizer's jobs do to the embedded records."""

from tusline.records.sqlite import rows
from tusline.records.sqlite.book import Book
from tusline.upload import Job, Outcome, Phase, Upload, UploadId


def start(book: Book, id: UploadId) -> Job | None:
    """Raises UnknownUpload; None when there is nothing to do."""
    upload = book.read(id)
    if upload.phase not in (Phase.RECEIVED, Phase.OPTIMIZING):
        return None
    token = book.next_token(upload.job_token)
    book.move(id, Phase.OPTIMIZING, note=f"attempt {upload.attempts + 1}")
    book.db.execute(
        "UPDATE uploads SET job_token = ?, attempts = attempts + 1 WHERE id = ?", (token, id)
    )
    return Job(upload=book.read(id), token=token)


def postpone(book: Book, id: UploadId, token: int) -> None:
    """Raises StaleJob."""
    book.must_work(id, token)
    book.move(id, Phase.RECEIVED, note="postponed")
    book.db.execute("UPDATE uploads SET attempts = attempts - 1 WHERE id = ?", (id,))


def publish(book: Book, id: UploadId, token: int, outcome: Outcome) -> Upload:
    """Raises StaleJob."""
    book.must_work(id, token)
    book.move(id, outcome.phase, outcome.reason)
    book.db.execute(
        "UPDATE uploads SET variants = :variants, sha256 = :sha256, width = :width,"
        " height = :height WHERE id = :id",
        {
            "id": id,
            "variants": rows.variants_to_text(outcome.variants),
            "sha256": outcome.sha256,
            "width": outcome.image.width if outcome.image else None,
            "height": outcome.image.height if outcome.image else None,
        },
    )
    book.db.execute("DELETE FROM outbox WHERE id = ?", (id,))
    return book.read(id)
