"""Segments kept in Redis until there are enough for a part."""

from collections.abc import Sequence
from importlib.resources import files

from tusline.redis.client import Redis
from tusline.redis.keys import SHARDS, Keys
from tusline.redis.script import Script
from tusline.upload import UploadId

_SCRIPTS = files("tusline.storage.s3").joinpath("scripts")


def _script(name: str) -> Script:
    return Script(name=name, source=_SCRIPTS.joinpath(f"{name}.lua").read_text())


PUT, DROP, CLEAR = _script("tail_put"), _script("tail_drop"), _script("tail_clear")


class RedisTail:
    """Implements Tail: one hash an upload, beside its record. `most` bytes may all tails of the
    deployment have together: each shard its share, so that a crowded one goes on in S3."""

    def __init__(self, redis: Redis, keys: Keys, most: int) -> None:
        self._redis = redis
        self._keys = keys
        self._share = most // SHARDS

    async def put(self, id: UploadId, name: str, data: Sequence[bytes]) -> bool:
        if sum(map(len, data)) > self._share:
            return False
        return bool(
            await self._redis.run(PUT, self._keys.tail(id), [name, b"".join(data), self._share])
        )

    async def get(self, id: UploadId, name: str) -> bytes | None:
        tail, _ = self._keys.tail(id)
        data: bytes | None = await self._redis.command(tail, "HGET", tail, name)
        return data

    async def names(self, id: UploadId) -> list[str]:
        tail, _ = self._keys.tail(id)
        return [name.decode() for name in await self._redis.command(tail, "HKEYS", tail)]

    async def drop(self, id: UploadId, names: Sequence[str]) -> None:
        await self._redis.run(DROP, self._keys.tail(id), names)

    async def clear(self, id: UploadId) -> None:
        await self._redis.run(CLEAR, self._keys.tail(id))
