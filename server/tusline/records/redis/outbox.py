"""The outbox: uploads that wait for the optimizer, in each shard by their ids."""

import asyncio

from tusline.records.redis.shelf import Shelf
from tusline.redis.keys import SHARDS
from tusline.upload import UploadId

ROUND = 16
"""Shards that are asked together, until a page is full."""


async def pending(shelf: Shelf, *, after: str, limit: int) -> tuple[list[UploadId], str]:
    """As `Records.pending`. The cursor names a shard, and the last id that was read there."""
    shard, _, last = after.partition(":")
    entries: list[tuple[int, bytes]] = []
    start = int(shard or 0)
    while start < SHARDS and len(entries) <= limit:
        asked = range(start, min(start + ROUND, SHARDS))
        pages = await asyncio.gather(
            *(_page(shelf, one, last if one == start else "", limit) for one in asked)
        )
        entries += [(one, id) for one, page in zip(asked, pages, strict=True) for id in page]
        start, last = asked.stop, ""
    found = [UploadId(id.decode()) for _, id in entries[:limit]]
    if len(entries) <= limit:
        return found, ""
    return found, f"{entries[limit - 1][0]}:{found[-1]}"


async def _page(shelf: Shelf, shard: int, after: str, limit: int) -> list[bytes]:
    """One more than asked for, to know whether there is more."""
    key = shelf.keys.outbox(shard)
    first = f"({after}" if after else "-"
    page: list[bytes] = await shelf.redis.command(
        key, "ZRANGEBYLEX", key, first, "+", "LIMIT", 0, limit + 1
    )
    return page
