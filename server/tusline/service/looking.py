"""HEAD and the status: what is known of an upload."""

from contextlib import suppress

from tusline import rules
from tusline.errors import RecordsUnavailable
from tusline.interfaces import Clock, Records
from tusline.service.joining import Joiner
from tusline.service.leases import Leases
from tusline.service.settling import Settler
from tusline.upload import Phase, Upload, UploadId


class Looker:
    """Looks at uploads; `owner` None stands for a caller who may see all."""

    def __init__(
        self, records: Records, clock: Clock, leases: Leases, settler: Settler, joiner: Joiner
    ) -> None:
        self._records = records
        self._clock = clock
        self._leases = leases
        self._settler = settler
        self._joiner = joiner

    async def offset(self, id: UploadId, *, owner: str | None) -> Upload:
        """For HEAD: the record with an offset that the next PATCH may use (I5).

        A running PATCH is asked to let go, and fenced when it does not. Raises the refusals of
        `rules.must_exist`, and Busy.
        """
        upload = await self._records.get(id)
        self._check(upload, owner)
        if upload.phase is not Phase.RECEIVING:
            return upload
        if upload.pending and await self._joiner.unchanged(upload):
            return upload
        if upload.complete or upload.final:
            # No more bytes come from a client: whoever holds the lease only finishes.
            with suppress(RecordsUnavailable):  # on a full disk they can be read, and not written
                await self._settler.settle(id)
            upload = await self._records.get(id)
            self._check(upload, owner)
            return upload
        if not upload.held:
            return upload
        grant = await self._leases.acquire(id, lambda now: self._check(now, owner))
        if grant.lease is None:
            return grant.upload
        return await self._leases.release(grant.lease) or grant.upload

    async def look(self, id: UploadId, *, owner: str | None) -> Upload:
        """For the status: the record, without disturbing anybody; also of uploads that are over.

        Raises UnknownUpload for a stranger.
        """
        upload = await self._records.get(id)
        rules.must_be_owned(upload, owner=owner)
        return upload

    def _check(self, upload: Upload, owner: str | None) -> None:
        rules.must_exist(upload, owner=owner, now=self._clock.now())
