"""How an upload gets into the embedded records."""

from tusline.errors import UnknownUpload
from tusline.interfaces import Begun
from tusline.records.sqlite import batches, finals, keys
from tusline.records.sqlite.book import Book
from tusline.upload import SCHEMA, Phase, Upload


def create(book: Book, upload: Upload, *, lease: bool, key: str | None, most: int | None) -> Begun:
    """As `Records.create`. Raises BatchFull."""
    if key is not None and (known := keys.named(book, upload.owner, key)) is not None:
        return Begun(upload=known, token=None)
    if most is not None and upload.batch is not None:
        batches.must_have_room(book, upload.owner, upload.batch, most)
    _insert(book, upload)
    if key is not None:
        keys.give(book, upload, key)
    length = "deferred" if upload.length is None else upload.length
    book.note(upload.id, "created", f"length {length}")
    finals.add(book, upload)
    token = book.next_token(0) if lease else None
    if token is not None:
        book.hold(upload.id, token)
    return Begun(upload=book.read(upload.id), token=token)


def restore(book: Book, upload: Upload) -> Upload:
    """As `Records.restore`: these records are never lost without the bytes beside them, so that
    whatever stands here stays."""
    try:
        return book.read(upload.id)
    except UnknownUpload:
        _insert(book, upload)
    book.db.execute(
        "UPDATE uploads SET offset = :offset, synced = :offset, head = :head, token = :token,"
        " content_type = :content_type, job_token = :token WHERE id = :id",
        {
            "id": upload.id,
            "offset": upload.offset,
            "head": upload.head,
            "token": upload.token,
            "content_type": upload.content_type,
        },
    )
    book.db.executemany(
        "INSERT INTO journal VALUES (?, ?, ?)",
        [(upload.id, seq, entry) for seq, entry in enumerate(upload.journal, 1)],
    )
    finals.add(book, upload)
    if upload.phase is Phase.RECEIVED:
        book.db.execute("INSERT OR IGNORE INTO outbox VALUES (?, ?)", (upload.id, book.now))
    book.note(upload.id, "restored", f"at {upload.offset}")
    return book.read(upload.id)


def _insert(book: Book, upload: Upload) -> None:
    book.db.execute(
        "INSERT INTO uploads (id, schema, owner, phase, length, offset, metadata, head,"
        " created, changed, since, expires, version, batch, deferred) VALUES (:id, :schema,"
        " :owner, :phase, :length, 0, :metadata, x'', :created, :changed, :since,"
        " :expires, 1, :batch, :deferred)",
        {
            "id": upload.id,
            "schema": SCHEMA,
            "owner": upload.owner,
            "phase": upload.phase,
            "length": upload.length,
            "metadata": upload.metadata,
            "created": upload.created,
            "changed": upload.changed,
            "since": book.own,
            "expires": upload.expires,
            "batch": upload.batch,
            "deferred": upload.deferred,
        },
    )
