"""The BlobStore on a local disk."""

import asyncio
import os
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiofiles

from tusline.errors import BytesLost, StoreUnavailable, UnknownUpload
from tusline.interfaces import Ledger
from tusline.storage.disk import files, litter
from tusline.storage.disk.extents import Extent, extents_of, spans
from tusline.storage.disk.files import SyncFailed
from tusline.storage.disk.joining import join
from tusline.storage.disk.layout import Layout
from tusline.storage.disk.pace import Pace
from tusline.storage.disk.room import Room
from tusline.storage.disk.syncs import Syncs
from tusline.storage.disk.writer import DiskWriter, Held, Means
from tusline.upload import NOTHING, Upload, UploadId

READ_BYTES = 64 * 1024
"""Bytes read at a time for a download: one that nobody reads holds about three times as many."""


class DiskStore:
    """Implements BlobStore below a data folder. `piece` is the largest single write in bytes."""

    def __init__(self, layout: Layout, pace: Pace, room: Room, *, piece: int) -> None:
        self._layout = layout
        self._pace = pace
        self._room = room
        self._syncs = Syncs()
        self._means = Means(pace=pace, room=room, syncs=self._syncs, top=layout.root, piece=piece)

    async def open(self, upload: Upload, token: int, ledger: Ledger) -> DiskWriter:
        """Go on in the last extent if nobody has it locked, else begin a new one (I4)."""
        last = extents_of(upload)[-1]
        try:
            writer = None
            if last.at <= upload.offset:  # not so after a power cut that took bytes away
                writer = await self._go_on(upload, last, ledger)
            return writer or await self._begin(upload, token, ledger)
        except OSError as error:
            raise files.store_error(error) from error

    async def _begin(self, upload: Upload, token: int, ledger: Ledger) -> DiskWriter:
        """In a new extent, which replaces every one that begins at or beyond the offset."""
        path = self._layout.extent(upload.id, token)
        descriptor = await self._open_locked(path)
        if descriptor is None:
            raise StoreUnavailable("a new extent is locked")
        fresh = Extent(token, upload.offset)
        held = Held(id=upload.id, path=path, descriptor=descriptor, start=0)
        return DiskWriter(held, self._means, ledger, journal=(fresh.entry(),))

    async def _open_locked(self, path: Path) -> int | None:
        """As in `files`. Who is cancelled meanwhile leaves no lock behind."""
        opening = asyncio.ensure_future(self._pace.run(lambda: files.open_locked(path)))
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_close_result)
            raise

    async def _go_on(self, upload: Upload, last: Extent, ledger: Ledger) -> DiskWriter | None:
        """In the last extent; None while another has it locked.

        What lies beyond the record's offset was never acknowledged: it is cut off. But first we
        ask, with the file locked, whether the offset is still ours: a writer that was frozen here
        would cut off what its successor has written, or miss the bytes that it has sealed.
        """
        path, start = self._layout.extent(upload.id, last.token), upload.offset - last.at
        descriptor = await self._open_locked(path)
        if descriptor is None:
            return None
        try:
            size = os.fstat(descriptor).st_size
            if size != start:
                await ledger.record(NOTHING)
            if size < start:
                raise BytesLost("the file is shorter than the upload's offset")
            if size > start:
                await self._pace.run(lambda: files.cut(descriptor, start))
            held = Held(id=upload.id, path=path, descriptor=descriptor, start=start)
            return DiskWriter(held, self._means, ledger, journal=())
        except BaseException:
            os.close(descriptor)
            raise

    async def concat(
        self, upload: Upload, members: Sequence[Upload], token: int, ledger: Ledger
    ) -> None:
        """Into the first extent, or a new one while a frozen attempt has that locked (I4)."""
        writer = await self.open(upload, token, ledger)
        try:
            self._room.take(sum(member.offset for member in members))
            await join(members, writer, self._layout, self._room, ledger)
        except Exception:
            await writer.give_back()
            raise
        finally:
            writer.abandon()

    async def sync(self, upload: Upload) -> None:
        """By name, not through the writer: that may be gone, or freeze, and what is committed
        is in the file already."""
        try:
            await self._pace.thread(lambda: self._syncs.run(upload.id, lambda: self._sync(upload)))
        except OSError as error:
            raise files.store_error(error) from error

    def _sync(self, upload: Upload) -> None:
        if self._layout.original(upload.id).exists():
            return  # sealed, and synced for that
        try:
            for extent, end in spans(upload):
                if end > upload.synced:
                    files.sync_file(self._layout.extent(upload.id, extent.token))
        except BytesLost as error:
            if isinstance(error, SyncFailed) or not self._layout.original(upload.id).exists():
                raise
            return  # sealed meanwhile
        files.sync_names(self._layout.extent(upload.id, 0).parent, self._layout.root)

    async def seal(self, upload: Upload, token: int, ledger: Ledger) -> None:
        """A disk needs nothing journalled on the way: the rename is the whole step."""
        try:
            await self._pace.thread(lambda: self._seal(upload))
        except OSError as error:
            raise files.store_error(error) from error

    def _seal(self, upload: Upload) -> None:
        target = self._layout.original(upload.id)
        if target.exists():  # the crash may have come before its name was synced
            self._syncs.run(upload.id, lambda: files.sync_names(target.parent, self._layout.root))
        else:
            try:
                self._place(upload, target)
            except BytesLost as error:
                if isinstance(error, SyncFailed) or not target.exists():
                    raise  # else whoever overtook us has sealed meanwhile
        files.remove_all(self._layout.extents(upload.id))

    def _place(self, upload: Upload, target: Path) -> None:
        """One file with all of the bytes, which no overtaken writer can touch any more."""
        pieces = [
            (self._layout.extent(upload.id, extent.token), end - extent.at)
            for extent, end in spans(upload)
        ]
        source = pieces[0][0]
        lock = self._lock(source, upload) if len(pieces) == 1 else None
        if lock is None:
            source = source.with_name(f"{upload.id}.{secrets.token_hex(4)}.joined")
            files.join(source, pieces)
        top, size = self._layout.root, upload.offset
        try:
            self._syncs.run(upload.id, lambda: files.place(source, target, top, size=size))
        except BaseException:
            if lock is None:
                files.remove(source)  # the next attempt makes a copy of its own
            raise
        finally:
            if lock is not None:
                os.close(lock)

    def _lock(self, path: Path, upload: Upload) -> int | None:
        """The lock of the only extent; None if another has it. An upload without bytes may have
        no file yet; any other that has none has lost its bytes."""
        if upload.offset and not path.exists():
            raise BytesLost("the upload's file is gone")
        return files.open_locked(path)

    async def discard(self, upload: Upload) -> None:
        def step() -> None:
            layout, id = self._layout, upload.id
            files.remove_all([*layout.extents(id), layout.original(id), layout.variants(id)])

        try:
            await self._pace.thread(step)
        except OSError as error:
            raise files.store_error(error) from error

    async def drop_original(self, upload: Upload) -> None:
        original = self._layout.original(upload.id)
        try:
            await self._pace.thread(lambda: files.remove_all([original]))
        except OSError as error:
            raise files.store_error(error) from error

    async def remember(self, upload: Upload) -> None:
        """The records lie beside the bytes."""

    async def recall(self, id: UploadId, known: Upload | None) -> Upload | None:
        return known

    async def tidy(self, upload: Upload) -> bool:
        try:
            return await self._pace.thread(lambda: litter.tidy(self._layout, upload))
        except OSError as error:
            raise files.store_error(error) from error

    async def stored(self, *, after: str, limit: int) -> tuple[list[UploadId], str]:
        try:
            return await self._pace.thread(lambda: litter.walk(self._layout, after, limit))
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
        except OSError as error:
            raise files.store_error(error) from error

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
            # A name of its own: a worker that was given up may still be at this step. In a folder
            # that is emptied at start: this process may die here.
            copy = self._layout.scratch / f"{secrets.token_hex(4)}.new"
            files.make_folder(copy.parent)
            size = source.stat().st_size
            files.join(copy, [(source, size)])
            files.place(copy, target, self._layout.root)

        try:
            await self._pace.thread(step)
        except BytesLost as error:  # of the copy: it will be made anew
            raise StoreUnavailable(error.message) from error
        except OSError as error:
            raise files.store_error(error) from error
        return self._layout.key(target)

    async def free(self) -> int | None:
        try:
            return self._room.free()
        except OSError as error:
            raise files.store_error(error) from error


def _close_result(opening: "asyncio.Future[int | None]") -> None:
    if not opening.cancelled() and opening.exception() is None:
        descriptor = opening.result()
        if descriptor is not None:
            os.close(descriptor)
