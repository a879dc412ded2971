"""Doors that tests can break: wrapped around real adapters."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from tusline.interfaces import BlobStore, Ledger, Writer
from tusline.upload import Upload


class FreezingWriter:
    """A writer that hangs in its next write once `flowing` is cleared, as on a disk that hangs."""

    def __init__(self, inner: Writer) -> None:
        self._inner = inner
        self.flowing = asyncio.Event()
        self.flowing.set()
        self.hanging = asyncio.Event()

    async def write(self, data: bytes) -> None:
        if not self.flowing.is_set():
            self.hanging.set()
            await self.flowing.wait()
        await self._inner.write(data)

    async def flush(self) -> None:
        await self._inner.flush()

    def abandon(self) -> None:
        self._inner.abandon()

    def fileno(self) -> int | None:
        return self._inner.fileno()


class FreezingStore:
    """A blob store whose newest writer can be frozen."""

    def __init__(self, inner: BlobStore) -> None:
        self._inner = inner
        self.writers: list[FreezingWriter] = []

    async def open(self, upload: Upload, token: int, ledger: Ledger) -> Writer:
        self.writers.append(FreezingWriter(await self._inner.open(upload, token, ledger)))
        return self.writers[-1]

    async def seal(self, upload: Upload) -> None:
        await self._inner.seal(upload)

    async def discard(self, upload: Upload) -> None:
        await self._inner.discard(upload)

    def original(self, upload: Upload) -> str:
        return self._inner.original(upload)

    def read(self, key: str, start: int, stop: int) -> AsyncIterator[bytes]:
        return self._inner.read(key, start, stop)

    def local(self, key: str) -> AbstractAsyncContextManager[Path]:
        return self._inner.local(key)

    async def put(self, upload: Upload, name: str, source: Path, content_type: str) -> str:
        return await self._inner.put(upload, name, source, content_type)

    async def free(self) -> int | None:
        return await self._inner.free()
