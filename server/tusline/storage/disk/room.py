"""How much room the disk has, asked as often as it is worth."""

import os
from pathlib import Path

from tusline.errors import StoreFull
from tusline.storage.disk.files import store_error

LOOK_EVERY = 1024 * 1024
"""Bytes that may be written between two looks at the disk."""


class Room:
    """Refuses bytes of uploads while the disk has less than `reserve` bytes left: without room the
    records could not even note what has come, and nobody could delete anything."""

    def __init__(self, root: Path, *, reserve: int) -> None:
        self._root = root
        self._reserve = reserve
        self._unseen = LOOK_EVERY

    def free(self) -> int:
        """Bytes that can still be stored."""
        status = os.statvfs(self._root)
        return status.f_bavail * status.f_frsize

    def take(self, count: int) -> None:
        """Say that `count` bytes are about to be written. Raises StoreFull, StoreUnavailable."""
        self._unseen += count
        if self._unseen < LOOK_EVERY:
            return
        self._unseen = LOOK_EVERY  # the next one looks again, unless there is room
        try:
            free = self.free()
        except OSError as error:
            raise store_error(error) from error
        if free - count < self._reserve:
            raise StoreFull("the disk is full; what was stored is kept", retry_after=60)
        self._unseen = 0
