"""One running append: the ledger that its writer fills, and the rhythm in which it commits."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import structlog

from tusline.body import Body
from tusline.endings import Ended
from tusline.errors import LeaseLost, RecordsUnavailable, StoreUnavailable, TuslineError
from tusline.interfaces import Writer
from tusline.service.lease import Lease
from tusline.upload import NOTHING, Delta

log = structlog.get_logger()

LATE = 3.0
"""Seconds that syncs and last commits may go on after a request's deadline; what they were for is
not acknowledged then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """How often a running append commits: after so many bytes, or seconds, whichever is first;
    but with `commit_pause` seconds between two commits, since each syncs the disk. `strict`: bytes
    are synced, too, before they are committed."""

    commit_bytes: int
    commit_seconds: float
    commit_pause: float
    strict: bool


class Session:
    """Implements Ledger for one append under one lease.

    What becomes durable while a commit is under way is merged into the next. The piece that would
    complete the upload is held back until the body has ended well, so that an upload is never
    finished by a broken or too long body; of a body that came with a checksum all is held back, and
    counts only once it is verified (CHK-07, CHK-08). `length` is the upload's, also if this request
    declares it; None while it is unknown.
    """

    def __init__(self, lease: Lease, body: Body, rhythm: Rhythm, *, length: int | None) -> None:
        self.lease = lease
        self.failure: TuslineError | None = None
        self._writer: Writer | None = None
        self._synced = False
        self._body = body
        self._verifier = body.verifier
        self._rhythm = rhythm
        self._length = length
        self._loop = asyncio.get_running_loop()
        self._start = self._durable = lease.upload.offset
        self._pending = self._held = NOTHING
        self._declared = Delta(length=length if lease.upload.length is None else None)
        self._committing: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._ending = asyncio.Event()

    # --- what the writer tells ---------------------------------------------------------------

    @property
    def unverified(self) -> bool:
        return self._verifier is not None

    async def lasting(self, wait: Awaitable[None]) -> bool:
        return await self._body.lasting(wait)

    def add(self, delta: Delta) -> None:
        self._durable += delta.added
        last = self._durable == self._length
        if delta.added and (last or self._verifier is not None):
            self._held += delta
            return
        self._pending += delta
        if self._pending.added >= self._rhythm.commit_bytes:
            self._start_commit()
        else:
            self._start_timer()

    async def record(self, delta: Delta) -> None:
        if delta.added:
            raise ValueError("bytes go through `add`")
        self._pending += delta
        await self.lease.commit(self._take)

    def fail(self, error: TuslineError) -> None:
        self.failure = self.failure or error
        self._body.stop(Ended.FAILED)

    # --- committing --------------------------------------------------------------------------

    async def _take(self) -> Delta:
        """Where durability is strict, nothing is committed that a power cut could take. Raises
        StoreUnavailable."""
        delta, self._pending = self._pending, NOTHING
        if not self._rhythm.strict or not delta.added or self._writer is None:
            return delta
        try:
            if not self._synced:
                await self.in_time(self._writer.sync())
        except BaseException:
            self._pending = delta + self._pending
            raise
        return replace(delta, synced=True)

    async def in_time(self, step: Awaitable[None]) -> None:
        """Not much longer than the request may last (I6). Raises StoreUnavailable."""
        left = self._body.left()
        try:
            async with asyncio.timeout(None if left is None else left + LATE):
                await step
        except TimeoutError as error:
            raise StoreUnavailable("the store is too slow", retry_after=5) from error

    def _start_timer(self) -> None:
        if self._timer is None:
            self._timer = self._loop.call_later(self._rhythm.commit_seconds, self._start_commit)

    def _start_commit(self) -> None:
        self._cancel_timer()
        if self._committing is None and self._pending:
            self._committing = self._loop.create_task(self._commit_until_small())

    async def _commit_until_small(self) -> None:
        try:
            await self.lease.commit(self._take)
            while await self._more():
                await self.lease.commit(self._take)
        except LeaseLost:
            self._body.stop(Ended.LEASE_LOST)
        except (RecordsUnavailable, StoreUnavailable) as error:
            log.warning("commit.failed", upload_id=self.lease.upload.id, error=str(error))
            self.fail(error)
        except Exception:  # nobody waits for this task: the request must not go on without it
            log.exception("commit.failed", upload_id=self.lease.upload.id)
            self.fail(RecordsUnavailable("the records failed"))
        finally:
            self._committing = None
            if self._pending:
                self._start_timer()
        if self.lease.wanted:
            self._body.stop(Ended.LET_GO)

    async def _more(self) -> bool:
        """After the pause, whether there is enough for another commit; at the end there is not:
        what is left goes with it."""
        try:
            async with asyncio.timeout(self._rhythm.commit_pause):
                await self._ending.wait()
        except TimeoutError:
            return self._pending.added >= self._rhythm.commit_bytes
        return False

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # --- the end -----------------------------------------------------------------------------

    @asynccontextmanager
    async def writing(self, writer: Writer) -> AsyncGenerator[None]:
        """Bytes go into `writer` while the block runs; in the end it holds none of them back."""
        self._writer = writer
        try:
            yield
            await self.in_time(writer.flush())
            if self._rhythm.strict:
                await self.in_time(writer.sync())
                self._synced = True
        finally:
            writer.abandon()

    async def settled(self) -> None:
        """Wait until no commit is under way and every answer is known. Raises LeaseLost,
        RecordsUnavailable."""
        self._ending.set()
        while self._committing is not None:
            await self._committing
        self._cancel_timer()
        await self.lease.confirm()

    def verified(self) -> bool:
        """Whether a body that has ended well may count: it came without a checksum, or it is
        stored and has it. What it is refused for becomes the failure."""
        if self._verifier is None:
            return True
        self.failure = self.failure or self._verifier.refusal()
        return self.failure is None

    def rest(self, *, ended_well: bool) -> Delta:
        """What is durable and not committed; with what was held back, and the length that was
        declared, if the body ended well."""
        delta, self._pending = self._pending, NOTHING
        if ended_well:
            delta, self._held = delta + self._held, NOTHING
        if delta.added and self._rhythm.strict:
            delta = replace(delta, synced=True) if self._synced else NOTHING
        return delta + self._declared if ended_well else delta

    @property
    def dropped(self) -> int:
        """Bytes that were written and, after `rest`, do not count: they are still held back."""
        return self._held.added

    @property
    def added(self) -> int:
        """Bytes that this append has made part of the upload so far."""
        return self.lease.upload.offset - self._start
