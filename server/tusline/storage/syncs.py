"""Syncs of uploads, one at a time each: the kernel tells of a failure once, and then lies."""

import threading
from collections.abc import Callable

from tusline.errors import BytesLost
from tusline.upload import UploadId

STRIPES = 64
"""Locks; uploads that share one wait for each other."""


class Syncs:
    """Remembers in this process which uploads lost bytes, until they are discarded: whoever syncs
    or seals one of them fails, too."""

    def __init__(self) -> None:
        self._locks = [threading.Lock() for _ in range(STRIPES)]
        self._lost: dict[UploadId, str] = {}

    def run(self, id: UploadId, step: Callable[[], None]) -> None:
        """Run a step that syncs bytes of an upload, in a thread. Raises BytesLost, also when an
        earlier one has."""
        with self._locks[hash(id) % STRIPES]:
            if id in self._lost:
                raise BytesLost(self._lost[id])
            try:
                step()
            except BytesLost as error:
                self._lost[id] = error.message
                raise

    def forget(self, id: UploadId) -> None:
        """The upload's bytes are gone for good."""
        self._lost.pop(id, None)
