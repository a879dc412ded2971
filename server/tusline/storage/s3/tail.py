"""The door to a tail: segments that are kept in Redis and not in the bucket."""

from collections.abc import Sequence
from typing import Protocol

from tusline.upload import UploadId


class Tail(Protocol):
    """Bounded, and as safe as Redis is."""

    async def put(self, id: UploadId, name: str, data: Sequence[bytes]) -> bool:
        """Whether there was room."""

    async def get(self, id: UploadId, name: str) -> bytes | None:
        """None: it is gone."""

    async def names(self, id: UploadId) -> list[str]:
        """All that there are of an upload."""

    async def drop(self, id: UploadId, names: Sequence[str]) -> None:
        """Forget these of an upload."""

    async def clear(self, id: UploadId) -> bool:
        """Forget all of an upload; whether there was any."""
