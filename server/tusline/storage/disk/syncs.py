"""Syncs of uploads, one at a time each: the kernel tells of a failure once, and then lies."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tusline.storage.disk.files import SyncFailed
from tusline.upload import UploadId


class Syncs:
    """Remembers in this process which uploads a sync failed for: whoever syncs or seals one of
    them fails, too. They are few, and their ids do not come again."""

    def __init__(self) -> None:
        self._turn = threading.Condition()
        self._busy: set[UploadId] = set()
        self._failed: dict[UploadId, str] = {}

    def run(self, id: UploadId, step: Callable[[], None]) -> None:
        """Run a step that syncs bytes of an upload, in a thread. Raises SyncFailed, also when an
        earlier one has."""
        with self._alone(id):
            if id in self._failed:
                raise SyncFailed(self._failed[id])
            try:
                step()
            except SyncFailed as error:
                self._failed[id] = error.message
                raise

    @contextmanager
    def _alone(self, id: UploadId) -> Iterator[None]:
        with self._turn:
            self._turn.wait_for(lambda: id not in self._busy)
            self._busy.add(id)
        try:
            yield
        finally:
            with self._turn:
                self._busy.discard(id)
                self._turn.notify_all()
