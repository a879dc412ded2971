"""The BlobStore on a local disk."""

import asyncio
import json
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiofiles

from tusline.errors import StoreUnavailable, UnknownUpload
from tusline.interfaces import Ledger, Writer
from tusline.storage import files
from tusline.storage.disk_writer import DiskWriter, open_extent
from tusline.storage.layout import Layout
from tusline.storage.pace import Pace
from tusline.upload import Upload

READ_BYTES = 256 * 1024
"""Bytes read at a time for a download."""


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
        try:
            return await self._pace.run(lambda: self._open(upload, token, ledger))
        except OSError as error:
            raise files.store_error(error) from error

    def _open(self, upload: Upload, token: int, ledger: Ledger) -> DiskWriter:
        """Go on in the last extent if nobody has it locked, else begin a new one (I4).

        What lies in the file beyond the record's offset was never acknowledged: it is cut off.
        """
        last = extents_of(upload)[-1]
        path = self._layout.extent(upload.id, last.token)
        files.make_folder(path.parent)
        start, journal = upload.offset - last.at, tuple[str, ...]()
        descriptor = open_extent(path)
        try:
            if files.try_lock(descriptor):
                if os.fstat(descriptor).st_size < start:
                    raise StoreUnavailable("the file is shorter than the upload's offset")
                os.ftruncate(descriptor, start)
            else:
                os.close(descriptor)
                fresh = Extent(token, upload.offset)
                descriptor = open_extent(self._layout.extent(upload.id, token))
                files.try_lock(descriptor)
                start, journal = 0, (fresh.entry(),)
        except BaseException:
            os.close(descriptor)
            raise
        return DiskWriter(descriptor, start, ledger, self._pace, piece=self._piece, journal=journal)

    async def seal(self, upload: Upload) -> None:
        try:
            await self._pace.thread(lambda: self._seal(upload))
        except OSError as error:
            raise files.store_error(error) from error

    def _seal(self, upload: Upload) -> None:
        target = self._layout.original(upload.id)
        if not target.exists():
            files.place(self._whole(upload), target, upload.offset)
        for leftover in self._layout.extents(upload.id):
            files.remove(leftover)

    def _whole(self, upload: Upload) -> Path:
        """One file with all of the bytes, which no overtaken writer can touch any more."""
        extents = extents_of(upload)
        first = self._layout.extent(upload.id, 0)
        files.make_folder(first.parent)
        with open(open_extent(first), "rb") as file:
            if len(extents) == 1 and files.try_lock(file.fileno()):
                return first
        ends = [extent.at for extent in extents[1:]] + [upload.offset]
        pieces = [
            (self._layout.extent(upload.id, extent.token), end - extent.at)
            for extent, end in zip(extents, ends, strict=True)
        ]
        joined = first.with_name(f"{upload.id}.joined")
        files.join(joined, pieces)
        return joined

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
            copy = target.with_name(f".{name}.new")
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
