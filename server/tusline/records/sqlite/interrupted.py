"""Jobs under which the server died: most likely not their images' fault."""

from tusline.records.sqlite.book import Book
from tusline.upload import Phase, UploadId

FORGIVEN = 16
"""Deaths of the server under its job that an upload is forgiven: each gives the attempt back. More
must not be, or a file that takes the server down with it would do so for ever."""

NOTE = "interrupted"


def hand_back(book: Book) -> None:
    """Every job that was running waits again, as if it had been postponed."""
    running = book.db.execute(
        "SELECT id, (SELECT count(*) FROM events WHERE events.id = uploads.id AND detail = ?)"
        " AS deaths FROM outbox JOIN uploads USING (id) WHERE phase = ?",
        (NOTE, Phase.OPTIMIZING),
    ).fetchall()
    with book.db:
        book.db.execute("BEGIN IMMEDIATE")
        for row in running:
            book.move(UploadId(row["id"]), Phase.RECEIVED, note=NOTE)
            back = int(row["deaths"] < FORGIVEN)
            book.db.execute(
                "UPDATE uploads SET attempts = attempts - ? WHERE id = ?", (back, row["id"])
            )
