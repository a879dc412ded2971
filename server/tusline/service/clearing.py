"""Bytes that nobody needs any more: deleted now, or by a later sweep."""

import structlog

from tusline.errors import TuslineError, UnknownUpload
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

    async def drop_original(self, upload: Upload) -> bool:
        """Whether an original that was kept long enough is gone. The record says that it goes
        before it does: nobody finds half of a file, and a crash in between is made up for."""
        try:
            now = await self._records.drop_original(upload.id)
            if now.phase in OVER:
                return await self.clear(now)
            await self._store.drop_original(now)
            await self._records.original_dropped(now.id)
        except TuslineError as error:
            log.warning("original.not_dropped", upload_id=upload.id, error=str(error))
            return False
        return True

    async def clear_if_over(self, upload: Upload) -> Upload:
        """The record now. A writer or a seal that ran beside a termination may have left bytes
        behind it. Raises UnknownUpload when the record is forgotten already."""
        try:
            now = await self._records.get(upload.id)
        except UnknownUpload:
            await self._store.discard(upload)
            raise
        if now.phase in OVER:
            await self.clear(now)
        return now
