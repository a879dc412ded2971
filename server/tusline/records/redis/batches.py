"""How many files of a batch there are: each has a place, taken before its record is made."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from tusline.errors import BatchFull, RecordsUnavailable
from tusline.records.redis import library
from tusline.records.redis.shelf import Shelf
from tusline.upload import OVER, Upload, UploadId

KEPT = 30 * 86400
"""Seconds that a batch is kept from its last creation on: by then nobody adds to it."""

MAKING = 3600
"""Seconds that a place stays taken whose upload was never made: longer than any creation takes."""

ROUND = 50
"""Places that are looked at together when a batch is full, until some are found to be free."""


class Batches:
    """Places are given back when an upload is over; those for which that failed, and those of
    uploads that are late, are found once the batch is full."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    async def take(self, upload: Upload, most: int) -> None:
        """A place for a new upload. Raises BatchFull when `most` are taken."""
        for _ in range(2):
            name = self._name(upload)
            reply = await self._shelf.redis.run(
                library.PLACE, (name,), (self._shelf.time, upload.id, most, KEPT)
            )
            if reply[0] == 1 or not await self._clear(name, int(reply[1]), reply[2]):
                break
        if reply[0] != 1:
            raise BatchFull(f"a batch may have {most} files")

    async def give_back(self, upload: Upload) -> None:
        """The place of an upload that is over. Where Redis does not answer it is found later."""
        if upload.batch is not None and upload.phase in OVER:
            name = self._name(upload)
            with suppress(RecordsUnavailable):
                await self._shelf.redis.command(name, "ZREM", name, upload.id)

    async def _clear(self, name: str, now: int, places: Sequence[bytes]) -> bool:
        """Whether there are places of uploads that are over, late or were never made, which are
        free now."""
        taken = list(zip(places[::2], places[1::2], strict=True))
        for start in range(0, len(taken), ROUND):
            some = taken[start : start + ROUND]
            needless = await asyncio.gather(
                *(self._needless(UploadId(id.decode()), now - float(at)) for id, at in some)
            )
            free = [id for (id, _), gone in zip(some, needless, strict=True) if gone]
            if free:
                await self._shelf.redis.command(name, "ZREM", name, *free)
                return True
        return False

    async def _needless(self, id: UploadId, age: float) -> bool:
        """`age`: for how many µs the place has been taken."""
        found = await self._shelf.find(id)
        return age > MAKING * 1_000_000 if found is None else found.over

    def _name(self, upload: Upload) -> str:
        return self._shelf.keys.batch(upload.owner, upload.batch or "")
