"""Doors that tests can break: wrapped around real adapters."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tusline.errors import RecordsUnavailable
from tusline.interfaces import Begun, BlobStore, Committed, Ledger, Records, Writer
from tusline.upload import Delta, Phase, Reason, Upload, UploadId


class GatedRecords:
    """Records whose commits wait at a gate, and whose answers can be lost."""

    def __init__(self, inner: Records) -> None:
        self._inner = inner
        self.gate = asyncio.Event()
        self.gate.set()
        self.at_the_gate = asyncio.Event()
        self.lose_answers = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def commit(self, id: UploadId, token: int, delta: Delta) -> Committed:
        self.at_the_gate.set()
        await self.gate.wait()
        answer = await self._inner.commit(id, token, delta)
        if delta and self.lose_answers:
            self.lose_answers -= 1
            raise RecordsUnavailable("the answer was lost")
        return answer


Meanwhile = Callable[[UploadId], Awaitable[object]]


class InterruptedRecords:
    """Records that let something else happen first: before the next upload is retired, or
    finished, or after a creation was answered with the upload that it made before. Each once."""

    def __init__(self, inner: Records) -> None:
        self._inner = inner
        self.before_retiring: Meanwhile | None = None
        self.before_finishing: Meanwhile | None = None
        self.after_repetition: Meanwhile | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def create(self, upload: Upload, **how: Any) -> Begun:
        begun = await self._inner.create(upload, **how)
        if begun.upload.id != upload.id:
            await self._interrupt(begun.upload.id)
        return begun

    async def named(self, owner: str, key: str) -> Upload | None:
        known = await self._inner.named(owner, key)
        if known is not None:
            await self._interrupt(known.id)
        return known

    async def _interrupt(self, id: UploadId) -> None:
        meanwhile, self.after_repetition = self.after_repetition, None
        if meanwhile is not None:
            await meanwhile(id)

    async def retire(
        self, id: UploadId, phase: Phase, reason: Reason | None, *, token: int | None = None
    ) -> Upload:
        meanwhile, self.before_retiring = self.before_retiring, None
        if meanwhile is not None:
            await meanwhile(id)
        return await self._inner.retire(id, phase, reason, token=token)

    async def finish(self, id: UploadId, token: int, content_type: str | None) -> Upload:
        meanwhile, self.before_finishing = self.before_finishing, None
        if meanwhile is not None:
            await meanwhile(id)
        return await self._inner.finish(id, token, content_type)


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

    async def sync(self) -> None:
        await self._inner.sync()

    def abandon(self) -> None:
        self._inner.abandon()

    def fileno(self) -> int | None:
        return self._inner.fileno()

    def spliced(self, count: int) -> None:
        self._inner.spliced(count)


@dataclass(frozen=True, slots=True)
class Gate:
    """Where somebody waits: `reached` tells so, `opened` lets it through."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    opened: asyncio.Event = field(default_factory=asyncio.Event)


class FreezingStore:
    """A blob store whose newest writer can be frozen, and the next one held before it opens."""

    def __init__(self, inner: BlobStore) -> None:
        self._inner = inner
        self._gate: Gate | None = None
        self.writers: list[FreezingWriter] = []

    def hold_next(self) -> Gate:
        """The next `open` waits at this gate."""
        self._gate = Gate()
        return self._gate

    async def open(self, upload: Upload, token: int, ledger: Ledger) -> Writer:
        gate, self._gate = self._gate, None
        if gate is not None:
            gate.reached.set()
            await gate.opened.wait()
        self.writers.append(FreezingWriter(await self._inner.open(upload, token, ledger)))
        return self.writers[-1]

    async def remember(self, upload: Upload) -> None:
        await self._inner.remember(upload)

    async def recall(self, id: UploadId, known: Upload | None) -> Upload | None:
        return await self._inner.recall(id, known)

    async def concat(
        self, upload: Upload, members: Sequence[Upload], token: int, ledger: Ledger
    ) -> None:
        await self._inner.concat(upload, members, token, ledger)

    async def sync(self, upload: Upload) -> None:
        await self._inner.sync(upload)

    async def seal(self, upload: Upload, token: int, ledger: Ledger) -> None:
        await self._inner.seal(upload, token, ledger)

    async def discard(self, upload: Upload) -> None:
        await self._inner.discard(upload)

    async def drop_original(self, upload: Upload) -> None:
        await self._inner.drop_original(upload)

    async def tidy(self, upload: Upload) -> bool:
        return await self._inner.tidy(upload)

    async def stored(self, *, after: str, limit: int) -> tuple[list[UploadId], str]:
        return await self._inner.stored(after=after, limit=limit)

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
