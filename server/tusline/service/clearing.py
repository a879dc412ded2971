"""Bytes of uploads that are over: deleted now, or by a later sweep."""

import structlog

from tusline.errors import TuslineError
from tusline.interfaces import BlobStore, Records
from tusline.upload import OVER, Upload

log = structlog.get_logger()


class Clearer:
    """Deletes bytes; a store that fails is tried again by the sweeper, as the record says."""

    def __init__(self, records: Records, store: BlobStore) -> None:
        self._records = records
        self._store = store

    async def clear(self, upload: Upload) -> bool:
        """Whether everything of an upload that is over is gone."""
        try:
            await self._store.discard(upload)
            await self._records.discarded(upload.id)
        except TuslineError as error:
            log.warning("upload.not_cleared", upload_id=upload.id, error=str(error))
            return False
        return True

    async def clear_if_over(self, upload: Upload) -> Upload:
        """The record now. A writer or a seal that ran beside a termination may have left bytes
        behind it."""
        now = await self._records.get(upload.id)
        if now.phase in OVER:
            await self.clear(now)
        return now
