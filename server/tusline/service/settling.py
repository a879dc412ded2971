"""From the last byte to RECEIVED: content check, seal, finish. Idempotent, so recovery is this."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from tusline import rules, topics
from tusline.errors import LeaseLost, RejectedUpload, ServiceBusy, TuslineError
from tusline.interfaces import BlobStore, Records, Signals
from tusline.service.leases import Leases
from tusline.upload import OVER, Phase, Reason, Upload, UploadId

log = structlog.get_logger()

Enqueue = Callable[[UploadId], Awaitable[None]]


class Settler:
    """Settles complete uploads: for their last PATCH, for HEAD, and for the sweeper."""

    def __init__(
        self,
        records: Records,
        store: BlobStore,
        signals: Signals,
        leases: Leases,
        *,
        types: tuple[str, ...],
        enqueue: Enqueue,
    ) -> None:
        self._records = records
        self._store = store
        self._signals = signals
        self._leases = leases
        self._types = types
        self._enqueue = enqueue
        self._background: set[asyncio.Task[Upload | None]] = set()

    async def settle(self, id: UploadId) -> None:
        """Settle an upload if it is complete and nobody else is at it. Never raises a refusal:
        it stands in the record."""
        grant = await self._leases.try_acquire(id)
        if grant is None or grant.token is None:
            return
        if not grant.upload.complete:
            await self._leases.release(id, grant.token, "not complete")
            return
        await self.in_background(grant.upload, grant.token)

    def in_background(self, upload: Upload, token: int) -> "asyncio.Task[Upload | None]":
        """Start settling under a lease that is already held. The task outlives the request; it
        gives the upload, or None when it failed in a way that the next settle will mend."""
        task = asyncio.get_running_loop().create_task(self._guarded(upload, token))
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return task

    async def idle(self) -> None:
        """Wait until nothing is being settled in this process."""
        while self._background:
            await asyncio.wait(set(self._background))

    async def _guarded(self, upload: Upload, token: int) -> Upload | None:
        try:
            return await self._settle_held(upload, token)
        except LeaseLost:
            log.info("settle.overtaken", upload_id=upload.id, token=token)
            await self._clear_if_over(upload)
        except ServiceBusy as error:
            log.warning("settle.failed", upload_id=upload.id, code=error.code, error=str(error))
            await self._try_release(upload.id, token)
        except Exception:
            log.exception("settle.failed", upload_id=upload.id)
            await self._try_release(upload.id, token)
        return None

    async def _settle_held(self, upload: Upload, token: int) -> Upload:
        async with self._leases.kept(upload.id, token, wanted=_ignore, lost=_ignore):
            try:
                content_type = rules.check_content(upload, self._types)
            except RejectedUpload as refusal:
                return await self._reject(upload, refusal)
            await self._store.seal(upload)
            finished = await self._records.finish(upload.id, token, content_type)
        await self._tell(upload.id)
        await self._enqueue(upload.id)
        return finished

    async def _reject(self, upload: Upload, refusal: RejectedUpload) -> Upload:
        reason = Reason(code=refusal.code, message=refusal.message)
        rejected = await self._records.retire(upload.id, Phase.REJECTED, reason)
        await self._tell(upload.id)
        await self._store.discard(upload)
        await self._records.discarded(upload.id)
        return rejected

    async def _clear_if_over(self, upload: Upload) -> None:
        """A seal that ran beside a termination may have left the original behind it."""
        try:
            if (await self._records.get(upload.id)).phase in OVER:
                await self._store.discard(upload)
        except TuslineError as error:
            log.warning("settle.not_cleared", upload_id=upload.id, error=str(error))

    async def _tell(self, id: UploadId) -> None:
        await self._signals.notify(topics.changed(id))
        await self._signals.notify(topics.free(id))

    async def _try_release(self, id: UploadId, token: int) -> None:
        try:
            await self._leases.release(id, token, "settling failed")
        except ServiceBusy as error:
            log.warning("lease.not_released", upload_id=id, error=str(error))


def _ignore() -> None:
    """A complete upload needs no hand-over: whoever asks is told the final offset anyway."""
