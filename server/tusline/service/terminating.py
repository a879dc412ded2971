"""DELETE: an upload and all of its bytes go away."""

from tusline import rules, topics
from tusline.interfaces import BlobStore, Clock, Records, Signals
from tusline.service.leases import Leases
from tusline.upload import Phase, Upload, UploadId


class Terminator:
    """Terminates uploads, finished or not."""

    def __init__(
        self, records: Records, store: BlobStore, signals: Signals, clock: Clock, leases: Leases
    ) -> None:
        self._records = records
        self._store = store
        self._signals = signals
        self._clock = clock
        self._leases = leases

    async def terminate(self, id: UploadId, *, owner: str | None) -> None:
        """A running PATCH is ended first. Raises the refusals of `rules.must_exist`, and Busy."""

        def check(upload: Upload) -> None:
            rules.must_exist(upload, owner=owner, now=self._clock.now())

        grant = await self._leases.acquire(id, check)
        await self._records.retire(id, Phase.TERMINATED, None)
        await self._signals.notify(topics.free(id))
        await self._signals.notify(topics.changed(id))
        await self._store.discard(grant.upload)
        await self._records.discarded(id)
