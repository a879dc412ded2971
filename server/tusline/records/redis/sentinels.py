"""Sentinels: what says, shard by shard, that no record is missing that was there once."""

import asyncio
import json

from tusline.records.redis import library
from tusline.records.redis.shelf import Shelf
from tusline.redis.keys import SHARDS


async def gaps(shelf: Shelf) -> str:
    """As `Records.gaps`."""
    stand = await asyncio.gather(
        *(shelf.redis.run(library.GAP, (shelf.keys.sentinel(shard),)) for shard in range(SHARDS))
    )
    open = {shard: mark.decode() for shard, mark in enumerate(stand) if mark}
    return json.dumps(open) if open else ""


async def close_gaps(shelf: Shelf, mark: str) -> bool:
    """As `Records.close_gaps`."""
    open: dict[str, str] = json.loads(mark) if mark else {}
    closed = await asyncio.gather(
        *(
            shelf.redis.run(library.CLOSE_GAP, (shelf.keys.sentinel(int(shard)),), (told,))
            for shard, told in open.items()
        )
    )
    return all(closed)
