"""Copies of segments on the local disk, so that a part need not be read back from the store.

A cache, and no more: the store has every byte, so whatever goes wrong here is a miss. Several
processes of one host share the folder: a file appears whole, by a rename, and may vanish at any
time.
"""

import fcntl
import hashlib
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import structlog

from tusline.storage.s3.threads import Threads
from tusline.storage.s3.values import FileSlice

log = structlog.get_logger()

T = TypeVar("T")

THREADS = 2

LOOK_SHARE = 16
"""The folder is looked through when this part of its bound was added by this process: so far each
process may pass the bound, for it does not know what the others add."""

KEEP_SHARE = 0.9
"""How much of the bound is kept when something has to go: not each new copy should cost a look."""

UNFINISHED = ".new-"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    path: Path
    size: int
    used: float


class Spool:
    """A folder of at most `limit` bytes. What was not used for longest goes first."""

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self._limit = limit
        self._threads = Threads("tusline-spool", THREADS)
        self._unseen = limit // LOOK_SHARE  # look before the first copy is kept
        self._told = False

    async def open(self) -> None:
        """Make the folder, and delete what processes that died have left unfinished."""
        await self._quietly(self._tidy)

    async def put(self, name: str, data: bytes) -> None:
        """Keep a copy, if that can be done."""
        await self._quietly(partial(self._put, self._path(name), data))

    async def slice(self, name: str, *, size: int, md5: str) -> FileSlice | None:
        """The copy, if there is one; its bytes are compared with `md5` (hex) when they are sent."""
        return await self._quietly(partial(self._slice, self._path(name), size, md5))

    async def drop(self, names: Iterable[str]) -> None:
        """Delete copies; some may be gone already."""
        await self._quietly(partial(_drop, [self._path(name) for name in names]))

    def close(self) -> None:
        self._threads.close()

    # --- in a thread -----------------------------------------------------------------------------

    async def _quietly(self, step: Callable[[], T]) -> T | None:
        try:
            return await self._threads.run(step)
        except OSError as error:
            if not self._told:  # once: a full disk fails each time
                self._told = True
                log.warning("spool.failed", folder=str(self._folder), error=error.strerror)
            return None

    def _path(self, name: str) -> Path:
        return self._folder / hashlib.blake2b(name.encode(), digest_size=16).hexdigest()

    def _put(self, path: Path, data: bytes) -> None:
        if len(data) > self._limit:
            return
        self._unseen += len(data)
        if self._unseen > self._limit // LOOK_SHARE:
            self._unseen = 0
            self._make_room(len(data))
        unfinished = path.with_name(f"{UNFINISHED}{secrets.token_hex(8)}")
        try:
            _write_locked(unfinished, data)
            unfinished.rename(path)
        except BaseException:
            with suppress(OSError):
                unfinished.unlink()
            raise

    def _slice(self, path: Path, size: int, md5: str) -> FileSlice | None:
        try:
            found = path.stat()
        except FileNotFoundError:
            return None
        if found.st_size != size:
            return None
        os.utime(path)
        return FileSlice(path=path, start=0, size=size, md5=md5)

    def _make_room(self, coming: int) -> None:
        files = sorted(self._files(), key=lambda file: file.used)
        total = sum(file.size for file in files) + coming
        if total <= self._limit:
            return
        for file in files:
            if total <= self._limit * KEEP_SHARE:
                return
            file.path.unlink(missing_ok=True)
            total -= file.size

    def _files(self) -> Iterator[_Found]:
        with os.scandir(self._folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    status = entry.stat(follow_symlinks=False)
                    yield _Found(path=Path(entry.path), size=status.st_size, used=status.st_mtime)

    def _tidy(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for path in self._folder.glob(f"{UNFINISHED}*"):
            with suppress(FileNotFoundError):
                _drop_unlocked(path)


def _write_locked(path: Path, data: bytes) -> None:
    """The lock tells others that who writes it is alive."""
    with path.open("xb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(data)


def _drop_unlocked(path: Path) -> None:
    with path.open("rb") as file:
        with suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()


def _drop(paths: list[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
