"""Processes with a store on a bucket, and ledgers that let a test wait for what is told."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from support.ledgers import ListLedger
from support.s3_servers import PART
from tusline.errors import TuslineError
from tusline.interfaces import BlobStore
from tusline.storage.s3.budget import Budget
from tusline.storage.s3.building import Means
from tusline.storage.s3.client import Bucket
from tusline.storage.s3.journal import Journal
from tusline.storage.s3.pressure import Pressure
from tusline.storage.s3.segments import Segments
from tusline.storage.s3.sizes import MIB
from tusline.storage.s3.spool import Spool
from tusline.storage.s3.store import S3Store
from tusline.storage.s3.tail import Tail
from tusline.storage.s3.writer import Buffering, S3Writer
from tusline.upload import HEAD_BYTES, Delta, Upload

NEVER = 3600.0

LARGEST = 500_000
"""Bytes of the longest upload: so few that one of unknown length gets the smallest parts."""


class Process:
    """A store with parts of `least` bytes, `budget` bytes for its writers, and the seconds after
    which these store what is no part. `spool` is its folder of local copies."""

    def __init__(
        self,
        bucket: Bucket,
        folder: Path,
        *,
        least: int = PART,
        budget: int = 64 * MIB,
        seconds: float = NEVER,
        tail: Tail | None = None,
    ) -> None:
        self.spool = folder / "spool"
        self.spool.mkdir(exist_ok=True)
        self._spool = Spool(self.spool, MIB)
        self.pressure = Pressure()
        self.budget = Budget(budget, self.pressure.relieve)
        segments = Segments(bucket, self._spool, tail)
        self.store = S3Store(
            Means(bucket=bucket, segments=segments, largest=LARGEST, least=least),
            Buffering(budget=self.budget, pressure=self.pressure, segment_seconds=seconds),
            scratch=folder / "scratch",
        )

    def close(self) -> None:
        self._spool.close()

    async def open(self, upload: Upload, token: int) -> tuple[S3Writer, "NotedLedger"]:
        ledger = NotedLedger(upload)
        return await self.store.open(upload, token, ledger), ledger

    async def written(self, upload: Upload, token: int, *pieces: bytes) -> Upload:
        """The upload after one request with these pieces, all of it committed."""
        writer, ledger = await self.open(upload, token)
        for piece in pieces:
            await writer.write(piece)
        await writer.flush()
        writer.abandon()
        head = upload.head + b"".join(pieces)  # as a lease keeps it
        return replace(ledger.now, head=head[: min(HEAD_BYTES, ledger.now.offset)])

    async def sealed(self, upload: Upload, token: int = 90) -> Upload:
        ledger = NotedLedger(upload)
        await self.store.seal(upload, token, ledger)
        return ledger.now


class NotedLedger(ListLedger):
    """`now` is the upload with all that was told. Failures are kept; `ending`: the request is to
    end. `hesitant`: clear it, and the records take their time."""

    def __init__(self, upload: Upload) -> None:
        super().__init__()
        self.now = upload
        self.failure: TuslineError | None = None
        self.ending = asyncio.Event()
        self._changed = asyncio.Event()
        self._left = -1
        self.hesitant = asyncio.Event()
        self.hesitant.set()

    @property
    def journal(self) -> Journal:
        return Journal.of(self.now)

    async def lasting(self, wait: Awaitable[None]) -> bool:
        work = asyncio.ensure_future(wait)
        end = asyncio.ensure_future(self.ending.wait())
        try:
            await asyncio.wait({work, end}, return_when=asyncio.FIRST_COMPLETED)
            return work.done() and work.result() is None
        finally:
            for task in (work, end):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    def fence_after(self, records: int) -> None:
        """The lease is lost when it was used so often once more."""
        self._left = records

    async def record(self, delta: Delta) -> None:
        await self.hesitant.wait()
        if self._left == 0:
            self.fenced = True
        self._left -= 1
        await super().record(delta)

    def add(self, delta: Delta) -> None:
        super().add(delta)
        self.now = self.now.grown(delta)
        self._changed.set()

    def fail(self, error: TuslineError) -> None:
        self.failure = self.failure or error
        self._changed.set()

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait, through what is told, until something is so."""
        while not true():
            await self._changed.wait()
            self._changed.clear()


async def content(store: BlobStore, upload: Upload) -> bytes:
    """Of a sealed upload."""
    return b"".join([piece async for piece in store.read(store.original(upload), 0, 10**9)])
