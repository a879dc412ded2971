"""The BlobStore on a local disk."""

import asyncio
import json
import os
import secrets
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiofiles

from tusline.errors import StoreUnavailable, UnknownUpload
from tusline.interfaces import Ledger, Writer
from tusline.storage import files
from tusline.storage.disk_writer import DiskWriter
from tusline.storage.layout import Layout
from tusline.storage.pace import Pace
from tusline.upload import NOTHING, Upload

READ_BYTES = 64 * 1024
"""Bytes read at a time for a download: one that nobody reads holds about three times as many."""


@dataclass(frozen=True, slots=True)
class Extent:
    """A file that holds the upload's bytes from `at` on, until the next extent's `at`."""

    token: int
    at: int

    def entry(self) -> str:
        """Its line in the upload's journal."""
        return json.dumps({"extent": self.token, "at": self.at})


def extents_of(upload: Upload) -> list[Extent]:
    """The extents that the journal names. The first one always is."""
    entries = (json.loads(entry) for entry in upload.journal)
    return [Extent(0, 0), *(Extent(entry["extent"], entry["at"]) for entry in entries)]


class DiskStore:
    """Implements BlobStore below a data folder. `piece` is the largest single write in bytes."""

    def __init__(self, layout: Layout, pace: Pace, *, piece: int) -> None:
        self._layout = layout
        self._pace = pace
        self._piece = piece

    async def open(self, upload: Upload, token: int, ledger: Ledger) -> Writer:
        """Go on in the last extent if nobody has it locked, else begin a new one (I4)."""
        last = extents_of(upload)[-1]
        path = self._layout.extent(upload.id, last.token)
        start = upload.offset - last.at
        try:
            descriptor = await self._pace.run(lambda: _open_locked(path))
            if descriptor is not None:
                return await self._go_on(descriptor, start, ledger)
            path = self._layout.extent(upload.id, token)
            descriptor = await self._pace.run(lambda: _open_locked(path))
            if descriptor is None:
                raise StoreUnavailable("a new extent is locked")
            fresh = Extent(token, upload.offset)
            return self._writer(descriptor, 0, ledger, (fresh.entry(),))
        except OSError as error:
            raise files.store_error(error) from error

    async def _go_on(self, descriptor: int, start: int, ledger: Ledger) -> Writer:
        """What lies beyond the record's offset was never acknowledged: it is cut off. But first
        we ask, with the file locked, whether the offset is still ours: a writer that was frozen
        here would cut off what its successor has written."""
        try:
            size = os.fstat(descriptor).st_size
            if size < start:
                raise StoreUnavailable("the file is shorter than the upload's offset")
            if size > start:
                await ledger.record(NOTHING)
                await self._pace.run(lambda: os.ftruncate(descriptor, start))
            return self._writer(descriptor, start, ledger, ())
        except BaseException:
            os.close(descriptor)
            raise

    def _writer(
        self, descriptor: int, start: int, ledger: Ledger, journal: tuple[str, ...]
    ) -> DiskWriter:
        return DiskWriter(descriptor, start, ledger, self._pace, piece=self._piece, journal=journal)

    async def seal(self, upload: Upload, token: int, ledger: Ledger) -> None:
        """A disk needs nothing journalled on the way: the rename is the whole step."""
        try:
            await self._pace.thread(lambda: self._seal(upload))
        except OSError as error:
            raise files.store_error(error) from error

    def _seal(self, upload: Upload) -> None:
        target = self._layout.original(upload.id)
        if target.exists():
            files.sync_folder(target.parent)  # the crash may have come before that
        else:
            self._place(upload, target)
        for leftover in self._layout.extents(upload.id):
            files.remove(leftover)

    def _place(self, upload: Upload, target: Path) -> None:
        """One file with all of the bytes, which no overtaken writer can touch any more."""
        extents = extents_of(upload)
        first = self._layout.extent(upload.id, 0)
        if upload.offset == 0:
            files.make_folder(first.parent)
            first.touch()
        with first.open("rb+") as file:
            if len(extents) == 1 and files.try_lock(file.fileno()):
                files.place(first, target, upload.offset)
                return
        ends = [extent.at for extent in extents[1:]] + [upload.offset]
        pieces = [
            (self._layout.extent(upload.id, extent.token), end - extent.at)
            for extent, end in zip(extents, ends, strict=True)
        ]
        joined = first.with_name(f"{upload.id}.{secrets.token_hex(4)}.joined")
        files.join(joined, pieces)
        files.place(joined, target, upload.offset)

    async def discard(self, upload: Upload) -> None:
        def step() -> None:
            for path in self._layout.extents(upload.id):
                files.remove(path)
            files.remove(self._layout.original(upload.id))
            files.remove(self._layout.variants(upload.id))

        try:
            await self._pace.thread(step)
        except OSError as error:
            raise files.store_error(error) from error

    def original(self, upload: Upload) -> str:
        return self._layout.key(self._layout.original(upload.id))

    async def read(self, key: str, start: int, stop: int) -> AsyncIterator[bytes]:
        try:
            async with aiofiles.open(self._layout.path(key), "rb") as file:
                await file.seek(start)
                while start < stop and (piece := await file.read(min(READ_BYTES, stop - start))):
                    start += len(piece)
                    yield piece
        except FileNotFoundError as error:
            raise UnknownUpload("the file is gone") from error

    @asynccontextmanager
    async def local(self, key: str) -> AsyncGenerator[Path]:
        path = self._layout.path(key)
        if not await asyncio.to_thread(path.exists):
            raise UnknownUpload("the file is gone")
        yield path

    async def put(self, upload: Upload, name: str, source: Path, content_type: str) -> str:
        """The content type is the file's own business on a disk: the record keeps it."""
        target = self._layout.variants(upload.id) / name

        def step() -> None:
            # A name of its own: a worker that was given up may still be at this step.
            copy = target.with_name(f".{secrets.token_hex(4)}.new")
            files.make_folder(target.parent)
            size = source.stat().st_size
            files.join(copy, [(source, size)])
            files.place(copy, target)

        try:
            await self._pace.thread(step)
        except OSError as error:
            raise files.store_error(error) from error
        return self._layout.key(target)

    async def free(self) -> int | None:
        status = os.statvfs(self._layout.root)
        return status.f_bavail * status.f_frsize


def _open_locked(path: Path) -> int | None:
    """A descriptor of an extent file, made if need be, with its lock; None if another has it."""
    files.make_folder(path.parent)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if files.try_lock(descriptor):
        return descriptor
    os.close(descriptor)
    return None
