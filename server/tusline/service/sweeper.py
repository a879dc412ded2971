"""Walks behind: expires, settles and clears away what a crash or a lost client left, and what was
kept long enough."""

from dataclasses import dataclass

from tusline import topics
from tusline.errors import LeaseLost
from tusline.service.clearing import Clearer
from tusline.service.doors import Doors
from tusline.service.leases import Leases
from tusline.service.settling import Settler
from tusline.service.watermarks import Watermarks
from tusline.upload import Phase, Upload

OUTBOX_PAGE = 200
"""Outbox entries read at a time while they are handed to the job engine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What one sweep did, in uploads (`settled`, `synced`: looked after; `dropped`: their
    originals; `forgotten`: their records; `queued`: handed to the jobs; `tidied`: rid of files
    that nothing names)."""

    expired: int
    settled: int
    synced: int
    cleared: int
    dropped: int
    forgotten: int
    queued: int
    tidied: int


class Sweeper:
    """One sweep looks at `limit` uploads of each kind at most; the next goes on."""

    def __init__(
        self,
        doors: Doors,
        leases: Leases,
        settler: Settler,
        clearer: Clearer,
        watermarks: Watermarks,
        *,
        limit: int,
    ) -> None:
        self._records = doors.records
        self._signals = doors.signals
        self._jobs = doors.jobs
        self._clock = doors.clock
        self._leases = leases
        self._settler = settler
        self._clearer = clearer
        self._watermarks = watermarks
        self._limit = limit

    async def sweep(self) -> Swept:
        """Raises RecordsUnavailable; a store that fails for one upload does not stop the rest."""
        due = await self._records.due(self._limit)
        expired = [await self._expire(upload) for upload in due.expired]
        for upload in (*due.unsettled, *due.joinable):
            await self._settler.settle(upload.id)
        for upload in due.unsynced:
            await self._watermarks.sync(upload)
        cleared = [await self._clearer.clear(upload) for upload in due.leftover]
        dropped = [await self._drop(upload) for upload in due.outdated]
        for upload in due.forgettable:
            await self._records.forget(upload.id)
        return Swept(
            expired=sum(expired),
            settled=len(due.unsettled) + len(due.joinable),
            synced=len(due.unsynced),
            cleared=sum(cleared),
            dropped=sum(dropped),
            forgotten=len(due.forgettable),
            queued=await self.queue_outbox(),
            tidied=await self._clearer.walk(),
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

    async def _drop(self, upload: Upload) -> bool:
        dropped = await self._clearer.drop_original(upload)
        await self._signals.notify(topics.changed(upload.id))
        return dropped

    async def _expire(self, upload: Upload) -> bool:
        lease = await self._leases.try_acquire(upload.id)
        if lease is None:
            return False
        if not lease.upload.late(self._clock.now()):  # used meanwhile
            await self._leases.release(lease)
            return False
        try:
            over = await self._records.retire(upload.id, Phase.EXPIRED, None, token=lease.token)
        except LeaseLost:  # frozen here for long: a client has gone on with it
            return False
        await self._signals.notify(topics.changed(upload.id))
        await self._clearer.clear(over)
        return True
