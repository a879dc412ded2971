"""How many files of a batch there are."""

from tusline.errors import BatchFull
from tusline.records.sqlite.book import Book

LATE = (
    "phase = 'receiving' AND lease_until <= :now AND offset IS NOT length"
    " AND expires IS NOT NULL AND expires <= :now"
)
"""As `Upload.late`, of what is not partial."""


def must_have_room(book: Book, owner: str, batch: str, most: int) -> None:
    """Raises BatchFull when `most` uploads of the batch are there that are not over."""
    given = {"owner": owner, "batch": batch, "now": book.now}
    row = book.db.execute(
        "SELECT count(*) AS files FROM uploads WHERE owner = :owner AND batch = :batch"
        f" AND phase NOT IN ('rejected', 'expired', 'terminated') AND NOT ({LATE})",
        given,
    ).fetchone()
    if row["files"] >= most:
        raise BatchFull(f"a batch may have {most} files")
