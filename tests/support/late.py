"""Processes that freeze while they store, and the record that they are overtaken by."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from support.ledgers import ListLedger
from tusline.errors import LeaseLost, TuslineError
from tusline.storage.s3.client import Bucket
from tusline.storage.s3.faults import SpoiltSlice
from tusline.storage.s3.values import BucketOptions, Content, Kind, Stored
from tusline.upload import NOTHING, Delta, Upload


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

    async def complete_multipart(
        self, key: str, upload_id: str, parts: Sequence[tuple[int, str]]
    ) -> str:
        def send() -> Awaitable[str]:
            return super(LateBucket, self).complete_multipart(key, upload_id, parts)

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
