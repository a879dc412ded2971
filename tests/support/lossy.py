"""An upload on S3 whose writers freeze, whose requests arrive late, and whose records are lost."""

import asyncio
import hashlib
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from support.ledgers import ListLedger
from support.uploads import fresh
from tusline.errors import LeaseLost, TuslineError
from tusline.interfaces import BlobStore, Writer
from tusline.storage.s3.client import Bucket
from tusline.storage.s3.faults import SpoiltSlice
from tusline.storage.s3.values import BucketOptions, Content, Kind, Stored
from tusline.upload import NOTHING, Delta, Upload

GARBAGE = b"\xee"


class LateBucket(Bucket):
    """A bucket whose writes can be held, as those of a process that is frozen in between, and sent
    later."""

    def __init__(self, options: BucketOptions) -> None:
        super().__init__(options)
        self.frozen = self.used_up = False
        self.held: list[Callable[[], Awaitable[object]]] = []

    async def put(self, key: str, content: Content, *kind: Kind) -> Stored:
        await self._hold(lambda: super(LateBucket, self).put(key, content, *kind))
        return await super().put(key, content, *kind)

    async def upload_part(self, key: str, upload_id: str, number: int, content: Content) -> Stored:
        def send() -> Awaitable[Stored]:
            return super(LateBucket, self).upload_part(key, upload_id, number, content)

        await self._hold(send)
        return await send()

    async def _hold(self, send: Callable[[], Awaitable[object]]) -> None:
        """Whoever is frozen never comes back, but what it was sending may arrive."""
        if self.frozen:
            self.held.append(send)
            await asyncio.Event().wait()

    async def thaw(self, choice: random.Random) -> None:
        """Some of what was held arrives now."""
        while self.held:
            send = self.held.pop(choice.randrange(len(self.held)))
            with suppress(TuslineError, SpoiltSlice):
                await send()


class Book:
    """The record, and every state that it had: what a lagging replica may come back with."""

    def __init__(self, upload: Upload) -> None:
        self.states = [upload]

    @property
    def now(self) -> Upload:
        return self.states[-1]

    def put(self, upload: Upload) -> None:
        self.states.append(upload)


class BookLedger(ListLedger):
    """Commits to the book while its token is the newest one there."""

    def __init__(self, book: Book, token: int, *, unverified: bool = False) -> None:
        super().__init__()
        self._book = book
        self._token = token
        self._held = NOTHING
        self.unverified = unverified

    def add(self, delta: Delta) -> None:
        if self.unverified and delta.added:
            self._held += delta
        elif self._book.now.token == self._token:
            self._book.put(self._book.now.grown(delta))

    async def record(self, delta: Delta) -> None:
        if self._book.now.token != self._token:
            raise LeaseLost("overtaken")
        self._book.put(self._book.now.grown(delta))

    def fail(self, error: TuslineError) -> None:
        """Heard by whoever flushes."""

    def verified(self) -> None:
        """The checksum was right."""
        self._book.put(self._book.now.grown(self._held))


@dataclass(slots=True)
class History:
    """One upload's, decided by `choice`. `acknowledged`: bytes that no loss may take away."""

    choice: random.Random
    data: bytes
    new_process: Callable[[], tuple[LateBucket, BlobStore]]
    book: Book = field(init=False)
    acknowledged: int = 0
    losses: int = 0
    late: list[LateBucket] = field(default_factory=list)
    zombies: list[Writer] = field(default_factory=list)
    stuck: list["asyncio.Task[Any]"] = field(default_factory=list)

    async def run(self) -> bytes:
        """The original's bytes, in the end."""
        upload = fresh(length=len(self.data))
        self.book = Book(upload)
        await self.new_process()[1].remember(upload)
        while not self.book.now.complete:
            await self.choice.choice([self.plain, self.verified, self.spoiled, self.freeze])()
            if self.choice.random() < 0.3:
                await self.lose()
        return await self.sealed()

    async def begin(self, *, unverified: bool = False) -> tuple[LateBucket, Writer, BookLedger]:
        """A new writer in a new process; those before it live on, and know nothing of it."""
        token = self.book.now.token + 1
        self.book.put(replace(self.book.now, token=token))
        await self.haunt()
        bucket, store = self.new_process()
        ledger = BookLedger(self.book, token, unverified=unverified)
        return bucket, await store.open(self.book.now, token, ledger), ledger

    async def haunt(self) -> None:
        """Stale writers write what must never be read, and stale requests arrive."""
        for zombie in self.zombies:
            with suppress(TuslineError, LeaseLost):
                await zombie.write(GARBAGE * self.choice.randrange(1, 150))
                await zombie.flush()
        for bucket in self.late:
            if self.choice.random() < 0.5:
                bucket.frozen = False
                await bucket.thaw(self.choice)

    def pieces(self) -> list[bytes]:
        """What the client sends with one request."""
        start = self.book.now.offset
        stop = min(len(self.data), start + self.choice.randrange(1, 500))
        cuts = sorted(self.choice.randrange(start, stop) for _ in range(self.choice.randrange(4)))
        edges = [start, *cuts, stop]
        return [self.data[a:b] for a, b in pairwise(edges) if a < b]

    async def plain(self) -> None:
        _, writer, _ = await self.begin()
        for piece in self.pieces():
            await writer.write(piece)
        await writer.flush()
        self.acknowledged = self.book.now.offset
        self.leave(writer)

    async def verified(self) -> None:
        """Its end is known by the records alone, until somebody goes on from there."""
        _, writer, ledger = await self.begin(unverified=True)
        for piece in self.pieces():
            await writer.write(piece)
        await writer.flush()
        ledger.verified()
        writer.abandon()

    async def spoiled(self) -> None:
        """The checksum is wrong: nothing of this ever counts."""
        _, writer, _ = await self.begin(unverified=True)
        room = len(self.data) - self.book.now.offset
        await writer.write(GARBAGE * self.choice.randrange(1, room + 1))
        await writer.flush()
        writer.abandon()

    async def freeze(self) -> None:
        """In the middle of what it sends; it may never get on."""
        bucket, writer, _ = await self.begin()
        pieces = self.pieces()
        for piece in pieces[: self.choice.randrange(len(pieces))]:
            await writer.write(piece)
        bucket.frozen = bucket.used_up = True
        self.stuck.append(asyncio.create_task(_quietly(writer.flush())))
        await asyncio.sleep(0.01)
        self.late.append(bucket)

    def leave(self, writer: Writer) -> None:
        """Most writers end; some are overtaken and do not notice."""
        if self.choice.random() < 0.3:
            self.zombies.append(writer)
        else:
            writer.abandon()

    async def lose(self) -> None:
        """The records forget all of it, or fall back to what they were."""
        self.losses += 1
        known = self.choice.choice([None, *self.book.states])
        least = max(self.acknowledged, 0 if known is None else known.offset)
        recalled = await self.new_process()[1].recall(self.book.now.id, known)
        assert recalled is not None
        assert recalled.offset >= least
        self.book.put(recalled)
        await self.haunt()

    async def sealed(self) -> bytes:
        _, store = self.new_process()
        token = self.book.now.token + 1
        self.book.put(replace(self.book.now, token=token))
        await store.seal(self.book.now, token, BookLedger(self.book, token))
        await self.haunt()
        key = store.original(self.book.now)
        return b"".join([piece async for piece in store.read(key, 0, 10**9)])

    async def end(self) -> None:
        for task in self.stuck:
            task.cancel()
        await asyncio.gather(*self.stuck, return_exceptions=True)
        for writer in self.zombies:
            writer.abandon()


async def _quietly(work: Awaitable[None]) -> None:
    with suppress(TuslineError, LeaseLost):
        await work


def bytes_of(choice: random.Random) -> bytes:
    return hashlib.shake_128(choice.randbytes(8)).digest(choice.randrange(1, 1500))
