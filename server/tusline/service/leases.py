"""Taking leases: one writer at a time, and the newcomer wins (I3)."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from tusline import topics
from tusline.errors import Busy, LeaseLost, RecordsUnavailable, TuslineError
from tusline.interfaces import Begun, Records, Signals
from tusline.service.lease import Lease, OnCommit
from tusline.upload import NOTHING, Upload, UploadId

log = structlog.get_logger()

Check = Callable[[Upload], None]

POLL = 0.25
"""Seconds between two looks at a lease that is waited for: the signal of its end may be lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """The upload as it stood, and the lease, or None where there is nothing to lease: the upload
    takes no more bytes, or it is complete and being settled."""

    upload: Upload
    lease: Lease | None


class Leases:
    """Takes leases, asking a holder to let go; `wait` is how many seconds it has to do so.
    `committed` hears of all that is committed under them."""

    def __init__(
        self,
        records: Records,
        signals: Signals,
        committed: OnCommit,
        *,
        wait: float,
        ttl: float,
    ) -> None:
        self._records = records
        self._signals = signals
        self._committed = committed
        self._wait = wait
        self._renew_every = ttl / 3

    async def acquire(self, id: UploadId, check: Check, *, expect: int | None = None) -> Grant:
        """The lease, after `check` has passed on the record as it is then.

        `check` sees the record before a holder is disturbed, and again after each hand-over: it
        raises to refuse. A holder that is dead or frozen is overtaken when the wait is over.
        Raises Busy when another newcomer was faster, UnknownUpload, and what `check` raises.
        """
        begun = await self._begin(id, check, expect=expect)
        grant = self._grant(begun)
        return grant or await self._take_over(id, check, expect, holder=begun.upload.token)

    async def try_acquire(self, id: UploadId) -> Lease | None:
        """The lease if nobody holds it; nobody is disturbed. None: busy, or over."""
        begun = await self._records.begin(id)
        return self.lease(begun) if begun.token else None

    def lease(self, begun: Begun) -> Lease:
        """The lease that was granted. Raises ValueError when none was."""
        if begun.token is None:
            raise ValueError("no lease was granted")
        return Lease(begun.upload, begun.token, self._records, self._signals, self._committed)

    async def release(self, lease: Lease) -> Upload | None:
        """End a lease without adding anything. None when it was lost already, or the records do
        not answer: then it runs out by itself."""
        try:
            return await lease.end(NOTHING, "")
        except (LeaseLost, TuslineError):
            return None

    def _grant(self, begun: Begun) -> Grant | None:
        """None while another writer holds the lease and takes bytes."""
        if begun.token is not None:
            return Grant(upload=begun.upload, lease=self.lease(begun))
        if begun.upload.held and not begun.upload.complete:
            return None
        return Grant(upload=begun.upload, lease=None)

    async def _take_over(
        self, id: UploadId, check: Check, expect: int | None, *, holder: int
    ) -> Grant:
        loop = asyncio.get_running_loop()
        give_up = loop.time() + self._wait
        freed = asyncio.Event()
        stop = self._signals.listen(topics.free(id), freed.set, catch_up=True)
        try:
            while (left := give_up - loop.time()) > 0:
                freed.clear()
                await self._signals.notify(topics.let_go(id))
                begun = await self._begin(id, check, expect=expect, want=True)
                if grant := self._grant(begun):
                    return grant
                await _wait(freed, min(left, POLL))
        finally:
            stop()
        begun = await self._begin(id, check, expect=expect, overtake=holder)
        if grant := self._grant(begun):
            log.info("lease.overtaken", upload_id=id, holder=holder, token=begun.token)
            return grant
        raise Busy("another request writes to this upload", retry_after=1)

    async def _begin(
        self,
        id: UploadId,
        check: Check,
        *,
        expect: int | None,
        want: bool = False,
        overtake: int | None = None,
    ) -> Begun:
        begun = await self._records.begin(id, expect=expect, want=want, overtake=overtake)
        try:
            check(begun.upload)
        except BaseException:
            if begun.token is not None:
                await self.release(self.lease(begun))
            raise
        return begun

    @asynccontextmanager
    async def kept(
        self, lease: Lease, wanted: Callable[[], None], lost: Callable[[], None]
    ) -> AsyncGenerator[None]:
        """Renew a lease while the block runs; `wanted` and `lost` are called when that is learnt.

        Needed where commits may stay out for long: a stalled body, a slow seal.
        """
        loop = asyncio.get_running_loop()
        renewals: set[asyncio.Task[None]] = set()
        timers: list[asyncio.TimerHandle] = []

        def renew() -> None:
            task = loop.create_task(self._renew(lease, wanted, lost))
            renewals.add(task)
            task.add_done_callback(renewals.discard)
            timers[:] = [loop.call_later(self._renew_every, renew)]

        timers.append(loop.call_later(self._renew_every, renew))
        try:
            yield
        finally:
            timers[0].cancel()
            for task in renewals:
                task.cancel()

    async def _renew(
        self, lease: Lease, wanted: Callable[[], None], lost: Callable[[], None]
    ) -> None:
        try:
            if (await self._records.commit(lease.upload.id, lease.token, NOTHING)).wanted:
                wanted()
        except LeaseLost:
            lost()
        except RecordsUnavailable as error:
            log.warning("lease.not_renewed", upload_id=lease.upload.id, error=str(error))


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
