"""A writer into one extent file, which it holds locked."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

from tusline.interfaces import Ledger
from tusline.storage.files import store_error, sync_data, sync_folder, write_all
from tusline.storage.pace import Pace
from tusline.storage.room import Room
from tusline.upload import Delta


class DiskWriter:
    """Implements Writer. Bytes count as durable once written: they survive any process.

    `start` is where in the file the next byte goes; `piece` is the largest single write in bytes
    (larger ones are slower on file systems with large folios, and hold the loop longer).
    """

    def __init__(
        self,
        descriptor: int,
        path: Path,
        start: int,
        ledger: Ledger,
        pace: Pace,
        room: Room,
        *,
        piece: int,
        journal: tuple[str, ...],
    ) -> None:
        self._descriptor = descriptor
        self._folder = path.parent
        self._at = start
        self._ledger = ledger
        self._pace = pace
        self._room = room
        self._piece = piece
        self._journal = journal
        self._lock = threading.Lock()
        self._busy = 0
        self._abandoned = False

    async def write(self, data: bytes) -> None:
        view = memoryview(data)
        self._room.take(len(view))
        for begin in range(0, len(view), self._piece):
            piece = view[begin : begin + self._piece]
            await self._step(piece)
            self.spliced(len(piece))

    def spliced(self, count: int) -> None:
        self._ledger.add(Delta(added=count, journal=self._journal))
        self._at += count
        self._journal = ()

    async def _step(self, piece: memoryview) -> None:
        at = self._at
        step = self._alone(lambda: write_all(self._descriptor, piece, at))
        try:
            await self._pace.run(step)
        except OSError as error:
            raise store_error(error) from error

    async def sync(self) -> None:
        """The bytes, and the file's name: it may be new."""
        step = self._alone(self._sync)
        try:
            await self._pace.thread(step)
        except OSError as error:
            raise store_error(error) from error

    def _sync(self) -> None:
        sync_data(self._descriptor)
        sync_folder(self._folder)

    def _alone(self, step: Callable[[], None]) -> Callable[[], None]:
        """A step that uses the descriptor; it closes it if that was asked for meanwhile."""
        with self._lock:
            self._busy += 1

        def run() -> None:
            try:
                step()
            finally:
                with self._lock:
                    self._busy -= 1
                    if self._abandoned and not self._busy:
                        self._close()

        return run

    async def flush(self) -> None:
        """Nothing waits in here."""

    def abandon(self) -> None:
        """A step under way in a thread closes the file itself, when it ends: closing it here
        would free its number for another file under the thread's hands."""
        with self._lock:
            self._abandoned = True
            if not self._busy:
                self._close()

    def _close(self) -> None:
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            os.close(descriptor)

    def fileno(self) -> int | None:
        os.lseek(self._descriptor, self._at, os.SEEK_SET)
        return self._descriptor
