"""A writer into one extent file, which it holds locked."""

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tusline.errors import BytesLost, StoreUnavailable
from tusline.interfaces import Ledger
from tusline.storage.disk.files import copy, cut, store_error, sync_data, sync_names, write_all
from tusline.storage.disk.pace import Pace
from tusline.storage.disk.room import Room
from tusline.storage.disk.syncs import Syncs
from tusline.upload import Delta, UploadId


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An extent file, open and locked: the next byte goes to `start`."""

    id: UploadId
    path: Path
    descriptor: int
    start: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What the writers of a store share. `top` is the data folder; `piece` is the largest single
    write in bytes (larger ones are slower on file systems with large folios, and hold the loop
    longer)."""

    pace: Pace
    room: Room
    syncs: Syncs
    top: Path
    piece: int


class DiskWriter:
    """Implements Writer. Bytes count as durable once written: they survive any process.

    `journal` goes with the first bytes: the file counts from then on.
    """

    def __init__(
        self, held: Held, means: Means, ledger: Ledger, *, journal: tuple[str, ...]
    ) -> None:
        self._id = held.id
        self._folder = held.path.parent
        self._descriptor = held.descriptor
        self._at = held.start
        self._means = means
        self._ledger = ledger
        self._journal = journal
        self._lock = threading.Lock()
        self._busy = 0
        self._abandoned = False

    async def write(self, data: bytes) -> None:
        view = memoryview(data)
        self._means.room.take(len(view))
        for begin in range(0, len(view), self._means.piece):
            piece = view[begin : begin + self._means.piece]
            await self._step(piece)
            self.spliced(len(piece))

    def spliced(self, count: int) -> None:
        self._ledger.add(Delta(added=count, journal=self._journal))
        self._at += count
        self._journal = ()

    async def _step(self, piece: memoryview) -> None:
        at = self._at
        step = self._counted(lambda: write_all(self._descriptor, piece, at))
        try:
            await self._means.pace.run(step)
        except OSError as error:
            raise store_error(error) from error

    async def append_file(self, source: Path, start: int, size: int) -> None:
        """Append bytes of a file; the ledger is not told yet. Raises BytesLost when they are not
        there."""
        step = self._counted(partial(copy, source, self.fileno(), size, start=start))
        try:
            await self._means.pace.thread(step)
        except FileNotFoundError as error:
            raise BytesLost("a file is gone") from error
        except OSError as error:
            raise store_error(error) from error
        self._at += size

    def tell_appended(self) -> None:
        """Tell the ledger, at once, of all that was appended to an empty upload and synced."""
        self._ledger.add(Delta(added=self._at, journal=self._journal, synced=True))

    async def give_back(self) -> None:
        """Drop all that was appended to an empty upload: a join that broke off must not fill the
        disk. Never raises."""
        with suppress(OSError):
            await self._means.pace.thread(self._counted(lambda: cut(self._descriptor, 0)))

    async def sync(self) -> None:
        """The bytes, and the file's name: it may be new."""
        step = self._counted(lambda: self._means.syncs.run(self._id, self._sync))
        try:
            await self._means.pace.thread(step)
        except OSError as error:
            raise store_error(error) from error

    def _sync(self) -> None:
        sync_data(self._descriptor)
        sync_names(self._folder, self._means.top)

    def _counted(self, step: Callable[[], None]) -> Callable[[], None]:
        """A step that uses the descriptor; it closes it if that was asked for meanwhile. Raises
        StoreUnavailable when it is closed."""
        with self._lock:
            if self._abandoned:
                raise StoreUnavailable("the file is closed")
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

    def fileno(self) -> int:
        os.lseek(self._descriptor, self._at, os.SEEK_SET)
        return self._descriptor
