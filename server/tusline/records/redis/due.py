"""What the sweeper should look at in the shared records: asked of every shard at once."""

import asyncio
from collections.abc import Sequence
from itertools import chain

from tusline.interfaces import Due
from tusline.records.redis import fields, library
from tusline.records.redis.shelf import Shelf
from tusline.redis.keys import PLACES, SHARDS
from tusline.upload import Phase, Upload, UploadId

AGAIN = 3600
"""Seconds until a complete member is looked at again that a final upload still waits for."""


class Dues:
    """At most so many uploads of each kind, oldest first. `keep_records` and `keep_originals` are
    in seconds, 0: for ever."""

    def __init__(self, shelf: Shelf, *, keep_records: float, keep_originals: float) -> None:
        self._shelf = shelf
        after: dict[str, float | None] = dict.fromkeys(PLACES, 0.0)
        after |= {"over": keep_records or None, "kept": keep_originals or None}
        self._after = ["" if late is None else fields.micros(late) for late in after.values()]

    async def due(self, limit: int) -> Due:
        """As `Records.due`."""
        now, ids = await self._ids(limit)
        await self._let_members_go(ids["awaited"], now)
        joinable = await self._joinable(await self._read(ids["joining"]), now)
        outdated = (ids["going"] + ids["kept"])[:limit]
        return Due(
            expired=await self._read(ids["expiring"]),
            unsettled=await self._read(ids["unsettled"]),
            joinable=joinable,
            unsynced=await self._read(ids["unsynced"]),
            leftover=await self._read(ids["leftover"]),
            outdated=await self._read(outdated),
            forgettable=await self._read(ids["over"]),
        )

    async def _ids(self, limit: int) -> tuple[int, dict[str, list[UploadId]]]:
        """The latest time that a server told, in µs, and what is due by place."""
        args = (self._shelf.time, limit, *self._after)
        shards = await asyncio.gather(
            *(
                self._shelf.redis.run(library.DUE, self._shelf.keys.places(shard), args)
                for shard in range(SHARDS)
            )
        )
        places = zip(*(found for _, *found in shards), strict=True)
        ids = {name: _first(found, limit) for name, found in zip(PLACES, places, strict=True)}
        return max(int(now) for now, *_ in shards), ids

    async def _read(self, ids: Sequence[UploadId]) -> tuple[Upload, ...]:
        """The records as they stand. Whoever acts on one takes its lease first, or says otherwise
        what it was told, and by that a suspect one is found out."""
        found = await asyncio.gather(*map(self._shelf.peek, ids))
        return tuple(upload for upload in found if upload is not None)

    async def _joinable(self, finals: Sequence[Upload], now: int) -> tuple[Upload, ...]:
        """Those whose members are all complete, or one of them gone. The others make room for who
        stands behind them."""
        joinable = []
        for final in finals:
            members = [await self._shelf.peek(id) for id in dict.fromkeys(final.members)]
            if all(member is not None and _receiving(member) for member in members) and not all(
                member is not None and member.complete for member in members
            ):
                await self._put_off("joining", final.id, now)
            else:
                joinable.append(final)
        return tuple(joinable)

    async def _let_members_go(self, ids: Sequence[UploadId], now: int) -> None:
        """Complete members whose life is over: final uploads that are finished or over, or were
        never made, do not keep them. What is left of their life is seen by the next look."""
        for id in ids:
            member = await self._shelf.peek(id)
            finals = member.finals if member is not None else ()
            found = [(final, await self._shelf.find(final)) for final in finals]
            gone = [final for final, one in found if one is None or not _receiving(one.upload)]
            if gone:
                await self._shelf.run(library.UNLIST, id, *gone)
            if len(gone) < len(finals):
                await self._put_off("awaited", id, now + AGAIN * 1_000_000)

    async def _put_off(self, place: str, id: UploadId, until: int) -> None:
        """Look at it later; not where it has left the place, or was put off further."""
        key = self._shelf.keys.place(place, id)
        await self._shelf.redis.command(key, "ZADD", key, "XX", "GT", until, id)


def _receiving(upload: Upload) -> bool:
    return upload.phase is Phase.RECEIVING


def _first(shards: Sequence[Sequence[bytes]], limit: int) -> list[UploadId]:
    """The ids with the lowest times of all shards."""
    pairs = chain.from_iterable(zip(found[1::2], found[::2], strict=True) for found in shards)
    oldest = sorted(pairs, key=lambda pair: (float(pair[0]), pair[1]))
    return [UploadId(id.decode()) for _, id in oldest[:limit]]
