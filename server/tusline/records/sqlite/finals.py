"""Final uploads in the embedded records: which members they have, and which of them still wait."""

from typing import Any

from tusline.records.sqlite.book import Book
from tusline.upload import Phase, Upload

AWAITED = "EXISTS (SELECT 1 FROM waiting WHERE member = uploads.id)"
"""Members that a pending final upload waits for."""

_MEMBERS = (
    "SELECT 1 FROM waiting LEFT JOIN uploads AS member ON member.id = waiting.member"
    " WHERE waiting.final = uploads.id AND member.phase"
)
JOINABLE = (
    "offset IS NOT length AND members <> ''"
    f" AND (NOT EXISTS ({_MEMBERS} = 'receiving' AND member.offset IS NOT member.length)"
    f" OR EXISTS ({_MEMBERS} IS NOT 'receiving'))"
)
"""Pending final uploads whose members are all complete, or one of them is gone."""


def add(book: Book, upload: Upload) -> None:
    """What a new upload has to do with concatenation: a final one puts itself down at its members,
    which live on by that, unless it was finished before it was recalled."""
    if upload.concat is None:
        return
    given: dict[str, Any] = {
        "id": upload.id,
        "concat": upload.concat,
        "members": " ".join(upload.members),
        "own": book.own,
        "soon": book.soon,
        "later": book.later,
    }
    book.db.execute("UPDATE uploads SET concat = :concat, members = :members WHERE id = :id", given)
    awaited = upload.members if upload.phase is Phase.RECEIVING else ()
    members = [(member, upload.id) for member in dict.fromkeys(awaited)]
    book.db.executemany("INSERT INTO waiting VALUES (?, ?)", members)
    book.db.execute(
        "UPDATE uploads SET expires = iif(offset = length, :later, :soon), since = :own"
        " WHERE phase = 'receiving' AND id IN (SELECT member FROM waiting WHERE final = :id)",
        given,
    )
    kind = f"final, of {len(upload.members)}" if upload.members else "partial"
    book.note(upload.id, "concat", kind)
