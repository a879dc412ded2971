"""Idempotency keys: an owner's own names for creations, and the uploads that they stand for."""

import json
from hashlib import sha256

from tusline.errors import KeyReused, RecordsUnavailable
from tusline.records.redis import fields, library
from tusline.records.redis.shelf import Shelf
from tusline.upload import Upload, UploadId

KEPT = 30 * 86400
"""Seconds that a key is kept from its creation on. Without an end those would stay for ever whose
creation was refused, or whose process died before it made the upload."""

TRIES = 3
"""Times that a key is claimed: whoever else does so at that moment may win."""


class Claims:
    """A key is claimed for an id before the upload is made. It says, too, for which file: another
    one must not be made under the id while the first may still be at it."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    async def named(self, owner: str, key: str) -> Upload | None:
        """As `Records.named`."""
        name = self._shelf.keys.claim(owner, key)
        stands: bytes | None = await self._shelf.redis.command(name, "GET", name)
        found = None if stands is None else await self._shelf.find(_id(stands))
        return None if found is None or found.over else found.upload

    async def claim(self, upload: Upload, key: str) -> Upload | UploadId:
        """The living upload that a key stands for, or the id under which to make this one: its own,
        or that of an earlier claim which came to nothing. Raises KeyReused when that was for
        another file, RecordsUnavailable where others are always faster."""
        name = self._shelf.keys.claim(upload.owner, key)
        mine = f"{upload.id} {_print(upload)}".encode()
        instead = b""
        for _ in range(TRIES):
            stands: bytes = await self._shelf.redis.run(
                library.CLAIM, (name,), (mine, instead, KEPT)
            )
            if stands == mine:
                return upload.id
            found = await self._shelf.find(_id(stands))
            if found is None:
                return _unmade(stands, mine)
            if not found.over:
                return found.upload
            instead = stands
        raise RecordsUnavailable("others create under the same key", retry_after=1)

    async def let_go(self, id: UploadId) -> None:
        """The upload is being forgotten: its key stands for nothing any more."""
        reply = await self._shelf.run(library.GET, id, 1)
        if reply[0] == b"ok" and (name := fields.claim(reply)) is not None:
            await self._shelf.redis.run(library.UNCLAIM, (name,), (id,))


def _unmade(stands: bytes, mine: bytes) -> UploadId:
    if stands.split()[1] != mine.split()[1]:
        raise KeyReused("the Idempotency-Key stands for the upload of another file")
    return _id(stands)


def _id(stands: bytes) -> UploadId:
    return UploadId(stands.split()[0].decode())


def _print(upload: Upload) -> str:
    """What `rules.may_repeat` compares, in short."""
    length = None if upload.final or upload.deferred else upload.length
    told = json.dumps([length, upload.metadata or "", upload.concat])
    return sha256(told.encode()).hexdigest()[:16]
