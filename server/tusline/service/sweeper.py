"""Walks behind: expires, settles and clears away what a crash or a lost client left."""

from dataclasses import dataclass

import structlog

from tusline import topics
from tusline.errors import ServiceBusy
from tusline.interfaces import BlobStore, JobEngine, Records, Signals
from tusline.service.leases import Leases
from tusline.service.settling import Settler
from tusline.upload import Phase, Upload

log = structlog.get_logger()

OUTBOX_PAGE = 200
"""Outbox entries read at a time while they are handed to the job engine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What one sweep did, in uploads (`queued`: entries of the outbox handed on)."""

    expired: int
    settled: int
    cleared: int
    queued: int


class Sweeper:
    """One sweep looks at `limit` uploads of each kind at most; the next goes on."""

    def __init__(
        self,
        records: Records,
        store: BlobStore,
        signals: Signals,
        jobs: JobEngine,
        leases: Leases,
        settler: Settler,
        *,
        limit: int,
    ) -> None:
        self._records = records
        self._store = store
        self._signals = signals
        self._jobs = jobs
        self._leases = leases
        self._settler = settler
        self._limit = limit

    async def sweep(self) -> Swept:
        """Raises RecordsUnavailable; a store that fails for one upload does not stop the rest."""
        due = await self._records.due(self._limit)
        expired = [await self._expire(upload) for upload in due.expired]
        for upload in due.unsettled:
            await self._settler.settle(upload.id)
        cleared = [await self._clear(upload) for upload in due.leftover]
        return Swept(
            expired=sum(expired),
            settled=len(due.unsettled),
            cleared=sum(cleared),
            queued=await self.queue_outbox(),
        )

    async def queue_outbox(self) -> int:
        """Hand the whole outbox to the job engine, which knows its own: nothing is forgotten."""
        count, cursor = 0, ""
        while True:
            ids, cursor = await self._records.pending(after=cursor, limit=OUTBOX_PAGE)
            for id in ids:
                await self._jobs.enqueue(id)
            count += len(ids)
            if not cursor:
                return count

    async def _expire(self, upload: Upload) -> bool:
        grant = await self._leases.try_acquire(upload.id)
        if grant is None or grant.token is None:
            return False
        if grant.upload.changed != upload.changed:
            await self._leases.release(upload.id, grant.token, "not expired")
            return False
        await self._records.retire(upload.id, Phase.EXPIRED, None)
        await self._signals.notify(topics.changed(upload.id))
        return await self._clear(grant.upload)

    async def _clear(self, upload: Upload) -> bool:
        try:
            await self._store.discard(upload)
        except ServiceBusy as error:
            log.warning("sweep.not_cleared", upload_id=upload.id, error=str(error))
            return False
        await self._records.discarded(upload.id)
        return True
