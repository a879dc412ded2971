"""An upload on S3 whose writers freeze, whose requests arrive late, and whose records are lost."""

import asyncio
import hashlib
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from support.late import Book, BookLedger, LateBucket
from support.s3_servers import PART
from support.uploads import fresh
from tusline.errors import LeaseLost, TuslineError
from tusline.interfaces import BlobStore, Writer
from tusline.storage.s3.journal import TAIL, Journal
from tusline.upload import Upload

GARBAGE = b"\xee"

OFTEN, SELDOM = 0.3, 0.2


@dataclass(slots=True, kw_only=True)
class Zombie:
    """A writer that was overtaken and does not know; `at` is where its next byte would go."""

    home: LateBucket
    writer: Writer
    at: int


@dataclass(slots=True)
class History:
    """One upload's, decided by `choice`. `acknowledged`: bytes that no loss may take away, but for
    those beyond `safe`, which go with the tail. `lose_tail`: what Redis keeps of them is gone."""

    choice: random.Random
    data: bytes
    new_process: Callable[[], tuple[LateBucket, BlobStore]]
    lose_tail: Callable[[], None] | None = None
    book: Book = field(init=False)
    acknowledged: int = 0
    safe: int = 0
    losses: int = 0
    late: list[LateBucket] = field(default_factory=list)
    zombies: list[Zombie] = field(default_factory=list)
    writers: list[Writer] = field(default_factory=list)
    stuck: list["asyncio.Task[Any]"] = field(default_factory=list)

    async def run(self) -> bytes:
        """The original's bytes, in the end."""
        deferred = self.choice.random() < SELDOM
        upload = replace(fresh(length=None if deferred else len(self.data)), deferred=deferred)
        self.book = Book(upload)
        await self.new_process()[1].remember(upload)
        while self.book.now.offset < len(self.data):
            await self.choice.choice([self.plain, self.verified, self.spoiled, self.freeze])()
            if self.choice.random() < OFTEN:
                await self.lose()
        self.book.put(replace(self.book.now, length=len(self.data)))
        return await self.sealed()

    async def begin(self, *, unverified: bool = False) -> tuple[LateBucket, Writer, BookLedger]:
        """A new writer in a new process; those before it live on, and know nothing of it."""
        token = self.next_token()
        await self.haunt()
        bucket, store = self.new_process()
        ledger = BookLedger(self.book, token, unverified=unverified)
        writer = await store.open(self.book.now, token, ledger)
        self.writers.append(writer)
        return bucket, writer, ledger

    def next_token(self) -> int:
        token = self.book.now.token + 1
        self.book.put(replace(self.book.now, token=token))
        return token

    async def haunt(self) -> None:
        """Stale writers write on, and stale requests arrive. What the client sends to a writer in
        whose place another one has committed must never be read; where the tail is lost in which
        that was, nobody can tell one from the other."""
        committed = self.book.now.offset if self.lose_tail is None else _in_bucket(self.book.now)
        for zombie in self.zombies:
            if zombie.home.frozen:
                continue
            size = self.choice.randrange(1, 150)
            stale = zombie.at < committed
            data = GARBAGE * size if stale else self.data[zombie.at : zombie.at + size]
            with suppress(TuslineError, LeaseLost):
                await zombie.writer.write(data)
                await zombie.writer.flush()
            zombie.at += len(data)
        for bucket in self.late:
            if self.choice.random() < 0.5:
                bucket.frozen = False
                await bucket.thaw(self.choice)

    def pieces(self) -> list[bytes]:
        """What the client sends with one request; often up to the end of a part."""
        start = self.book.now.offset
        stop = start + self.choice.randrange(1, 500)
        if self.choice.random() < OFTEN:
            stop = -(-stop // PART) * PART
        stop = min(len(self.data), stop)
        cuts = sorted(self.choice.randrange(start, stop) for _ in range(self.choice.randrange(4)))
        edges = [start, *cuts, stop]
        return [self.data[a:b] for a, b in pairwise(edges) if a < b]

    async def plain(self) -> None:
        bucket, writer, _ = await self.begin()
        for piece in self.pieces():
            await writer.write(piece)
        await writer.flush()
        self.acknowledged = self.book.now.offset
        self.safe = _in_bucket(self.book.now)
        if self.choice.random() < OFTEN:
            self.zombies.append(Zombie(home=bucket, writer=writer, at=self.book.now.offset))
        else:
            writer.abandon()

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
        await self.stop(bucket, writer.flush())

    async def stop(self, bucket: LateBucket, work: Awaitable[None]) -> None:
        bucket.frozen = bucket.used_up = True
        self.stuck.append(asyncio.create_task(_quietly(work)))
        await asyncio.sleep(0.01)
        self.late.append(bucket)

    async def lose(self) -> None:
        """The records forget all of it, or fall back to what they were."""
        self.losses += 1
        known = self.choice.choice([None, *self.book.states])
        least = max(self.acknowledged, 0 if known is None else known.offset)
        if self.lose_tail is not None:
            self.lose_tail()
            least = self.safe
        recalled = await self.new_process()[1].recall(self.book.now.id, known)
        assert recalled is not None
        assert recalled.offset >= least
        self.acknowledged = recalled.offset
        self.safe = _in_bucket(recalled)
        self.book.put(recalled)
        await self.haunt()

    async def sealed(self) -> bytes:
        """By the last of those who try; the records may be lost once more before all is read."""
        while self.choice.random() < SELDOM:
            bucket, store = self.new_process()
            token = self.next_token()
            await self.stop(bucket, store.seal(self.book.now, token, BookLedger(self.book, token)))
        _, store = self.new_process()
        token = self.next_token()
        await store.seal(self.book.now, token, BookLedger(self.book, token))
        await self.haunt()
        if self.choice.random() < OFTEN:
            await self.lose()
        assert self.book.now.offset == len(self.data)
        key = store.original(self.book.now)
        return b"".join([piece async for piece in store.read(key, 0, 10**9)])

    async def end(self) -> None:
        for task in self.stuck:
            task.cancel()
        for writer in self.writers:
            writer.abandon()
        await asyncio.gather(*self.stuck, return_exceptions=True)


def _in_bucket(upload: Upload) -> int:
    """Bytes of an upload that do not depend on a tail: neither they, nor what tells that those
    with a checksum count."""
    journal = Journal.of(upload)
    end = journal.parts_end
    for segment in journal.segments:
        if segment.kind == TAIL:
            break
        if not segment.name.unverified:
            end = max(end, segment.name.end)
    return upload.offset if journal.original else end


async def _quietly(work: Awaitable[None]) -> None:
    with suppress(TuslineError, LeaseLost):
        await work


def bytes_of(choice: random.Random, most: int) -> bytes:
    return hashlib.shake_128(choice.randbytes(8)).digest(choice.randrange(1, most))
