"""DELETE: an upload and all of its bytes go away."""

from tusline import rules, topics
from tusline.service.clearing import Clearer
from tusline.service.doors import Doors
from tusline.service.lease import Lease
from tusline.service.leases import Leases
from tusline.upload import Phase, Upload, UploadId


class Terminator:
    """Terminates uploads, finished or not."""

    def __init__(self, doors: Doors, leases: Leases, clearer: Clearer) -> None:
        self._records = doors.records
        self._signals = doors.signals
        self._clock = doors.clock
        self._leases = leases
        self._clearer = clearer

    async def terminate(self, id: UploadId, *, owner: str | None) -> None:
        """A running PATCH is ended first. Raises the refusals of `rules.may_terminate`, and Busy.

        Bytes that cannot be deleted now are deleted by the sweeper.
        """

        def check(upload: Upload) -> None:
            rules.may_terminate(upload, owner=owner, now=self._clock.now())

        await self._leases.acquire(id, check)
        await self._gone(await self._records.retire(id, Phase.TERMINATED, None))

    async def remove(self, lease: Lease) -> Upload:
        """The upload goes away under its lease, if that was not taken over: the record then.
        Raises LeaseLost."""
        over = await self._records.retire(
            lease.upload.id, Phase.TERMINATED, None, token=lease.token
        )
        await self._gone(over)
        return over

    async def _gone(self, over: Upload) -> None:
        await self._signals.notify(topics.free(over.id))
        await self._signals.notify(topics.changed(over.id))
        await self._clearer.clear_soon(over)
