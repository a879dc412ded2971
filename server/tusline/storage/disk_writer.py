"""A writer into one extent file, which it holds locked."""

import os
import threading
from collections.abc import Callable

from tusline.interfaces import Ledger
from tusline.storage.files import store_error, write_all
from tusline.storage.pace import Pace
from tusline.upload import Delta


class DiskWriter:
    """Implements Writer. Bytes count as durable once written: they survive any process.

    `start` is where in the file the next byte goes; `piece` is the largest single write in bytes
    (larger ones are slower on file systems with large folios, and hold the loop longer).
    """

    def __init__(
        self,
        descriptor: int,
        start: int,
        ledger: Ledger,
        pace: Pace,
        *,
        piece: int,
        journal: tuple[str, ...],
    ) -> None:
        self._descriptor = descriptor
        self._at = start
        self._ledger = ledger
        self._pace = pace
        self._piece = piece
        self._journal = journal
        self._lock = threading.Lock()
        self._busy = False
        self._abandoned = False

    async def write(self, data: bytes) -> None:
        view = memoryview(data)
        for begin in range(0, len(view), self._piece):
            piece = view[begin : begin + self._piece]
            await self._step(piece)
            self.spliced(len(piece))

    def spliced(self, count: int) -> None:
        self._ledger.add(Delta(added=count, journal=self._journal))
        self._at += count
        self._journal = ()

    async def _step(self, piece: memoryview) -> None:
        self._busy = True
        try:
            await self._pace.run(self._writing(piece, self._at))
        except OSError as error:
            raise store_error(error) from error

    def _writing(self, piece: memoryview, at: int) -> Callable[[], None]:
        def write() -> None:
            try:
                write_all(self._descriptor, piece, at)
            finally:
                with self._lock:
                    self._busy = False
                    if self._abandoned:
                        self._close()

        return write

    async def flush(self) -> None:
        """Nothing waits in here."""

    def abandon(self) -> None:
        """A write under way in a thread closes the file itself, when it ends: closing it here
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
