"""Bytes that nobody needs any more: deleted now, or by a later sweep."""

import asyncio

import structlog

from tusline.errors import TuslineError, UnknownUpload
from tusline.interfaces import BlobStore, Records
from tusline.upload import OVER, STORED, Upload, UploadId

log = structlog.get_logger()

WALKED = 100
"""Uploads in the store that are compared with their records in one step of the walk: a large store
takes days, but litter harms nobody."""


SOON = 3.0
"""Seconds that a request waits for bytes to be deleted: for its client they are gone already."""


class Clearer:
    """Deletes bytes; a store that fails is tried again by the sweeper, as the record says."""

    def __init__(self, records: Records, store: BlobStore) -> None:
        self._records = records
        self._store = store
        self._walked = ""
        self._strangers = 0

    async def clear(self, upload: Upload) -> bool:
        """Whether everything of an upload that is over is gone."""
        try:
            await self._store.discard(upload)
            await self._records.discarded(upload.id)
        except TuslineError as error:
            log.warning("upload.not_cleared", upload_id=upload.id, error=str(error))
            return False
        return True

    async def clear_soon(self, upload: Upload) -> None:
        """`clear`, for a request: where the disk takes long it goes on by itself, and the sweeper
        looks after it."""
        try:
            async with asyncio.timeout(SOON):
                await self.clear(upload)
        except TimeoutError:
            log.warning("upload.clears_slowly", upload_id=upload.id)

    async def drop_original(self, upload: Upload) -> bool:
        """Whether an original that was kept long enough is gone. The record says that it goes
        before it does: nobody finds half of a file, and a crash in between is made up for."""
        try:
            now = await self._records.drop_original(upload.id)
            if now.phase in OVER:
                return await self.clear(now)
            if not now.original_gone:
                return False
            await self._store.drop_original(now)
            await self._records.original_dropped(now.id)
        except TuslineError as error:
            log.warning("original.not_dropped", upload_id=upload.id, error=str(error))
            return False
        return True

    async def tidy(self, upload: Upload) -> bool:
        """Whether there was litter, and is no more. A writer or a seal that ran beside the end of
        an upload may have left bytes behind it."""
        if upload.phase in OVER:
            return await self.clear(upload)
        if upload.phase not in STORED:
            return False
        try:
            return await self._store.tidy(upload)
        except TuslineError as error:
            log.warning("upload.not_tidied", upload_id=upload.id, error=str(error))
            return False

    async def tidy_now(self, upload: Upload) -> Upload:
        """Tidy up by the record as it is now, which is the answer. Raises UnknownUpload when the
        record is forgotten already: then everything goes."""
        try:
            now = await self._records.get(upload.id)
        except UnknownUpload:
            await self._store.discard(upload)
            raise
        await self.tidy(now)
        return now

    async def walk(self) -> int:
        """Go on through the store: how many uploads had litter, which a late writer or worker
        leaves that dies before it can tidy up. Raises RecordsUnavailable.

        What no record knows is left alone: perhaps it is the records that are lost.
        """
        try:
            ids, self._walked = await self._store.stored(after=self._walked, limit=WALKED)
        except TuslineError as error:
            log.warning("store.not_walked", error=str(error))
            return 0
        tidied = sum([await self._visit(id) for id in ids])
        if not self._walked and self._strangers:
            log.warning("store.unknown_uploads", uploads=self._strangers)
        if not self._walked:
            self._strangers = 0
        return tidied

    async def _visit(self, id: UploadId) -> bool:
        try:
            upload = await self._records.get(id)
        except UnknownUpload:
            self._strangers += 1
            return False
        return await self.tidy(upload)
