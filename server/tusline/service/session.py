"""One running append: the ledger that its writer fills, and the commits that empty it."""

import asyncio
from dataclasses import dataclass, replace

import structlog

from tusline import topics
from tusline.body import Body
from tusline.endings import Ended
from tusline.errors import LeaseLost, RecordsUnavailable
from tusline.interfaces import Records, Signals
from tusline.upload import HEAD_BYTES, NOTHING, Delta, Upload

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """How often a running append commits: after so many bytes, or seconds, whichever is first."""

    commit_bytes: int
    commit_seconds: float


class Session:
    """Implements Ledger for one append under one lease.

    At most one commit is under way; what becomes durable meanwhile is merged into the next.
    The piece that would complete the upload is held back until the body has ended well, so that
    an upload is never finished by a broken or too long body.
    """

    def __init__(
        self,
        upload: Upload,
        token: int,
        *,
        length: int | None,
        body: Body,
        records: Records,
        signals: Signals,
        rhythm: Rhythm,
    ) -> None:
        self._start = upload.offset
        self._token = token
        self._length = length
        self._body = body
        self._records = records
        self._signals = signals
        self._rhythm = rhythm
        self._loop = asyncio.get_running_loop()
        self._first = bytearray()
        self._pending = Delta(length=length if upload.length is None else None)
        self._held = NOTHING
        self._commit: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.upload = upload

    # --- told by the pump and the writer -----------------------------------------------------

    def saw(self, piece: bytes) -> None:
        """Keep the upload's first bytes, which the record wants (see HEAD_BYTES)."""
        missing = HEAD_BYTES - self._start - len(self._first)
        if missing > 0:
            self._first += piece[:missing]

    def add(self, delta: Delta) -> None:
        if self.durable + delta.added == self._length and delta.added:
            self._held = delta
            return
        self._pending += delta
        if self._pending.added >= self._rhythm.commit_bytes:
            self._start_commit()
        elif self._timer is None:
            self._timer = self._loop.call_later(self._rhythm.commit_seconds, self._start_commit)

    async def record(self, delta: Delta) -> None:
        self._pending += delta
        await self._settled()
        await self._commit_once()

    @property
    def added(self) -> int:
        """Bytes that this append has made part of the upload."""
        return self.upload.offset - self._start

    @property
    def durable(self) -> int:
        """The offset up to which bytes are durable and not held back."""
        return self.upload.offset + self._pending.added

    # --- committing --------------------------------------------------------------------------

    def _start_commit(self) -> None:
        self._cancel_timer()
        if self._commit is None and self._pending:
            self._commit = self._loop.create_task(self._commit_until_small())

    async def _commit_until_small(self) -> None:
        try:
            await self._commit_once()
            while self._pending.added >= self._rhythm.commit_bytes:
                await self._commit_once()
        except LeaseLost:
            self._body.stop(Ended.LEASE_LOST)
        except RecordsUnavailable as error:
            log.warning("commit.failed", upload_id=self.upload.id, error=str(error))
            self._body.stop(Ended.FAILED)
        finally:
            self._commit = None

    async def _commit_once(self) -> None:
        delta, self._pending = self._pending, NOTHING
        try:
            await self.commit(delta)
        except RecordsUnavailable:
            self._pending = delta + self._pending
            raise

    async def commit(self, delta: Delta) -> None:
        """Make `delta`, as `rest` gave it, part of the upload. Raises LeaseLost."""
        delta = self.stamped(delta)
        answer = await self._records.commit(self.upload.id, self._token, delta)
        self.upload = self.upload.grown(delta)
        if answer.wanted:
            self._body.stop(Ended.LET_GO)
        await self._signals.notify(topics.changed(self.upload.id))

    def stamped(self, delta: Delta) -> Delta:
        """The delta with its place, and those first bytes of the upload that it contains."""
        at = self.upload.offset
        if at >= HEAD_BYTES or not delta.added:
            return replace(delta, at=at)
        start = at - self._start
        return replace(delta, at=at, head=bytes(self._first[start : start + delta.added]))

    async def _settled(self) -> None:
        self._cancel_timer()
        while self._commit is not None:
            await self._commit

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def rest(self, *, ended_well: bool) -> Delta:
        """What is durable and not committed, once no commit is under way; the session is over.

        The completing piece is part of it only when the body ended well.
        """
        await self._settled()
        delta, self._pending = self._pending, NOTHING
        return delta + self._held if ended_well else delta
