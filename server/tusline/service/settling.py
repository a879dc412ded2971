"""From the last byte to RECEIVED: join, check, seal, finish. Idempotent: recovery is this."""

import asyncio
from contextlib import suppress

import structlog

from tusline import rules, topics
from tusline.concat import Standing
from tusline.errors import (
    BytesLost,
    ExpiredUpload,
    LeaseLost,
    RecordsUnavailable,
    RejectedUpload,
    TuslineError,
)
from tusline.service.breaking import Breaker
from tusline.service.clearing import Clearer
from tusline.service.doors import Doors
from tusline.service.joining import Joiner
from tusline.service.lease import Lease, SealLedger
from tusline.service.leases import Leases
from tusline.upload import NOTHING, OVER, Delta, Phase, Reason, Upload, UploadId

log = structlog.get_logger()


class Settler:
    """Settles complete uploads, and final ones: for the last PATCH (theirs, or a member's), for a
    final's creation, for HEAD, and for the sweeper.

    `wait` is how many seconds a caller waits for what takes long; it goes on behind it.
    """

    def __init__(
        self,
        doors: Doors,
        leases: Leases,
        clearer: Clearer,
        breaker: Breaker,
        joiner: Joiner,
        *,
        types: tuple[str, ...],
        wait: float,
    ) -> None:
        self._records = doors.records
        self._store = doors.store
        self._signals = doors.signals
        self._jobs = doors.jobs
        self._leases = leases
        self._clearer = clearer
        self._breaker = breaker
        self._joiner = joiner
        self._types = types
        self._wait = wait
        self._background: set[asyncio.Task[Upload | BytesLost | None]] = set()

    async def settle(self, id: UploadId) -> None:
        """Settle an upload if it is complete, or final, and nobody else is at it. Never raises a
        refusal: it stands in the record."""
        lease = await self._leases.try_acquire(id)
        if lease is None:
            return
        if lease.upload.complete or lease.upload.final:
            with suppress(BytesLost):
                await self.settle_held(lease, left=None)
        else:
            await self._leases.release(lease)

    async def settle_held(self, lease: Lease, *, left: float | None) -> Upload | None:
        """Settle under a lease that is held, which is released in the end, whatever happens.

        None when it takes longer than `wait` or the seconds `left`, or failed in a way that the
        next settle will mend. Raises BytesLost when there is nothing to mend any more.
        """
        task = asyncio.get_running_loop().create_task(self._guarded(lease))
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        await asyncio.wait({task}, timeout=self._wait if left is None else min(self._wait, left))
        settled = task.result() if task.done() else None
        if isinstance(settled, BytesLost):
            raise settled
        return settled

    async def idle(self) -> None:
        """Wait until nothing is being settled in this process."""
        loop = asyncio.get_running_loop()
        while mine := {task for task in self._background if task.get_loop() is loop}:
            await asyncio.wait(mine)

    async def _guarded(self, lease: Lease) -> Upload | BytesLost | None:
        id = lease.upload.id
        lost: BytesLost | None = None
        overtaken = False
        try:
            return await self._settle(lease)
        except LeaseLost:
            overtaken = True
            log.info("settle.overtaken", upload_id=id, token=lease.token)
        except TuslineError as error:
            log.warning("settle.failed", upload_id=id, code=error.code, error=str(error))
            lost = error if isinstance(error, BytesLost) else None
        except Exception:
            log.exception("settle.failed", upload_id=id)
        await self._leases.release(lease)
        try:
            now = await self._clearer.tidy_now(lease.upload)
            if overtaken and now.complete and not now.held:
                await self.settle(id)  # by records that were lost, and not by somebody else
        except TuslineError as error:
            log.warning("settle.not_cleared", upload_id=id, error=str(error))
        return lost

    async def _settle(self, lease: Lease) -> Upload:
        async with self._leases.kept(lease, wanted=_ignore, lost=_ignore):
            now = await self._judged(lease)
        if now is None:
            return await self._leave(lease)
        await self._tell(now.id)
        if now.phase is Phase.RECEIVED:
            await self._enqueue(now.id)
        elif now.phase in OVER:
            await self._clearer.clear(now)
        return now

    async def _enqueue(self, id: UploadId) -> None:
        try:
            await self._jobs.enqueue(id)
        except RecordsUnavailable as error:  # the outbox knows: the sweeper makes up for it
            log.warning("job.not_queued", upload_id=id, error=str(error))

    async def _judged(self, lease: Lease) -> Upload | None:
        """The upload finished, or refused; None while it stays as it is: a partial one, and a
        final one that lacks members."""
        upload = lease.upload
        try:
            if upload.pending and not await self._joiner.join(lease):
                return None
            if upload.partial:
                await self._sync(lease)
                return None
            content_type = rules.check_content(lease.upload, self._types)
            await self._seal(lease)
        except RejectedUpload as refusal:
            reason = Reason(code=refusal.code, message=refusal.message)
            return await self._records.retire(upload.id, Phase.REJECTED, reason, token=lease.token)
        except ExpiredUpload:
            return await self._records.retire(upload.id, Phase.EXPIRED, None, token=lease.token)
        except BytesLost as error:
            return await self._breaker.give_up(lease.upload, error)
        return await self._records.finish(upload.id, lease.token, content_type)

    async def _leave(self, lease: Lease) -> Upload:
        """Release what is not finished. Whoever completed a member meanwhile may have found the
        lease of its final upload taken: so that is looked at once more."""
        now = await lease.end(NOTHING, "")
        for final in now.finals:
            await self.settle(final)
        if now.final and await self._joiner.standing(now) is not Standing.WAITING:
            await self.settle(now.id)
            return await self._records.get(now.id)
        return now

    async def _seal(self, lease: Lease) -> None:
        """The bytes are synced, and the record says so, before they get their final name: else a
        power cut in between would take back an upload whose bytes are not where it looks."""
        await self._sync(lease)
        ledger = SealLedger(lease)
        await self._store.seal(lease.upload, lease.token, ledger)
        await ledger.close()

    async def _sync(self, lease: Lease) -> None:
        if lease.upload.synced < lease.upload.offset:
            await self._store.sync(lease.upload)
            await lease.add(Delta(synced=True))

    async def _tell(self, id: UploadId) -> None:
        await self._signals.notify(topics.changed(id))
        await self._signals.notify(topics.free(id))


def _ignore() -> None:
    """Nobody waits for this lease: who asks for a complete upload is told its final offset, and a
    join looks itself (`JoinLedger`). A lost lease is learnt at the next commit."""
