"""A lease in use: its commits, one at a time, and what the upload has become by them."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Protocol

from tusline import topics
from tusline.errors import TuslineError
from tusline.interfaces import Records, Signals
from tusline.upload import HEAD_BYTES, NOTHING, Delta, Upload

Take = Callable[[], Awaitable[Delta]]
"""Gives what there is to commit, at the moment when it is its turn."""


class OnCommit(Protocol):
    """Wants to know what has been committed; `ended` with the end of the lease."""

    def __call__(self, upload: Upload, *, ended: bool = False) -> None: ...


class Lease:
    """Commits under one fencing token. `upload` is the record as far as we have been answered.

    Commits are numbered. One whose answer got lost (RecordsUnavailable) is sent again as it was,
    before anything new, and counts once.
    """

    def __init__(
        self,
        upload: Upload,
        token: int,
        records: Records,
        signals: Signals,
        committed: OnCommit,
    ) -> None:
        self.upload = upload
        self.token = token
        self.wanted = False
        self._start = upload.offset
        self._first = bytearray()
        self._records = records
        self._signals = signals
        self._committed = committed
        self._number = 0
        self._unanswered = NOTHING
        self._turn = asyncio.Lock()

    def saw(self, piece: bytes) -> None:
        """Keep the upload's first bytes, which the record wants (see HEAD_BYTES)."""
        missing = HEAD_BYTES - self._start - len(self._first)
        if missing > 0:
            self._first += piece[:missing]

    async def commit(self, take: Take) -> None:
        """Make what `take` gives part of the upload. Raises LeaseLost, RecordsUnavailable."""
        async with self._turn:
            await self._repeat()
            await self._send(self._numbered(await take()))

    async def add(self, delta: Delta) -> None:
        """Make a delta part of the upload; raises as `commit` does."""

        async def take() -> Delta:
            return delta

        await self.commit(take)

    async def confirm(self) -> None:
        """Learn what became of a commit whose answer got lost, if there is one."""
        async with self._turn:
            await self._repeat()

    async def end(self, rest: Delta, note: str) -> Upload:
        """Commit the rest and release, in one step."""
        async with self._turn:
            await self._repeat()
            now = await self._records.end(self.upload.id, self.token, self._numbered(rest), note)
        self._committed(now, ended=True)
        await self._signals.notify(topics.free(self.upload.id))
        await self._signals.notify(topics.changed(self.upload.id))
        return now

    async def _repeat(self) -> None:
        if self._unanswered:
            await self._send(self._unanswered)

    async def _send(self, delta: Delta) -> None:
        self._unanswered = delta
        answer = await self._records.commit(self.upload.id, self.token, delta)
        self._unanswered = NOTHING
        self._number = max(self._number, delta.number)
        self.upload = self.upload.grown(delta)
        self.wanted = self.wanted or answer.wanted
        if delta:
            self._committed(self.upload)
            await self._signals.notify(topics.changed(self.upload.id))

    def _numbered(self, delta: Delta) -> Delta:
        """The delta with its number, and those first bytes of the upload that it contains. An
        empty one has the last number again: records that may have lost something tell by it whether
        they know as much as we do."""
        if not delta:
            return replace(delta, number=self._number)
        at = self.upload.offset
        start = at - self._start
        head = bytes(self._first[start : start + delta.added]) if at < HEAD_BYTES else b""
        return replace(delta, number=self._number + 1, head=head)


class SealLedger:
    """Implements Ledger where no body is behind it: for a seal, and for a join. Nothing is held
    back: what was added, bytes too, is committed by the next `record`, or by `close`."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self._pending = NOTHING
        self._failure: TuslineError | None = None

    @property
    def unverified(self) -> bool:
        return False

    async def lasting(self, wait: Awaitable[None]) -> bool:
        await wait
        return True

    def add(self, delta: Delta) -> None:
        self._pending += delta

    async def record(self, delta: Delta) -> None:
        if self._failure is not None:
            raise self._failure
        self.add(delta)
        await self._lease.commit(self._take)

    def fail(self, error: TuslineError) -> None:
        self._failure = error

    async def close(self) -> None:
        """Commit what was only added. Raises the failure if there was one, and as
        `Lease.commit`."""
        if self._failure is not None or self._pending:
            await self.record(NOTHING)

    async def _take(self) -> Delta:
        delta, self._pending = self._pending, NOTHING
        return delta
