"""The synced watermark of unfinished uploads follows their offset, behind the requests (I11)."""

import asyncio
from dataclasses import dataclass, replace

import structlog

from tusline.errors import BytesLost, TuslineError
from tusline.interfaces import BlobStore, Records
from tusline.service.breaking import Breaker
from tusline.upload import Upload, UploadId

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncRhythm:
    """When an upload's bytes are synced: after so many bytes, or seconds, or when a request has
    ended; but `rate` syncs a second at most, over all uploads."""

    bytes: int
    seconds: float
    rate: float


@dataclass(slots=True)
class _Lag:
    """An upload as it was committed last, how far it is synced, and when (loop time) to look."""

    upload: Upload
    synced: int
    due: float


class Watermarks:
    """Told of every commit; `run` syncs what is due, one upload at a time. Holds an entry for each
    upload under way, and loses nothing by dying: the sweeper finds the rest."""

    def __init__(
        self, records: Records, store: BlobStore, breaker: Breaker, rhythm: SyncRhythm
    ) -> None:
        self._records = records
        self._store = store
        self._breaker = breaker
        self._rhythm = rhythm
        self._lags: dict[UploadId, _Lag] = {}
        self._changed: asyncio.Event | None = None

    def committed(self, upload: Upload, *, ended: bool = False) -> None:
        """The upload has these bytes now; `ended`: and its request is over."""
        now = asyncio.get_running_loop().time()
        lag = self._lags.get(upload.id)
        if lag is None:
            lag = self._lags[upload.id] = _Lag(upload, upload.synced, now + self._rhythm.seconds)
        lag.upload, lag.synced = upload, max(lag.synced, upload.synced)
        if ended or upload.offset - lag.synced >= self._rhythm.bytes:
            lag.due = now
            if self._changed is not None:
                self._changed.set()

    async def run(self) -> None:
        """Sync what is due, until cancelled."""
        loop, changed = asyncio.get_running_loop(), asyncio.Event()
        self._changed = changed
        while True:
            first = min(self._lags.values(), key=lambda lag: lag.due, default=None)
            if first is None or first.due > loop.time():
                left = self._rhythm.seconds if first is None else first.due - loop.time()
                await _wait(changed, left)
            elif await self._catch_up(first):
                await asyncio.sleep(1 / self._rhythm.rate)

    async def flush(self) -> None:
        """Sync everything that was told so far: for the moment before a stop."""
        for lag in list(self._lags.values()):
            await self._catch_up(lag)

    async def _catch_up(self, lag: _Lag) -> bool:
        """Whether anything had to be synced; an entry without news is dropped."""
        upload = lag.upload
        if lag.synced >= upload.offset:
            self._lags.pop(upload.id, None)
            return False
        lag.due = asyncio.get_running_loop().time() + self._rhythm.seconds
        if await self.sync(replace(upload, synced=lag.synced)):
            lag.synced = upload.offset
        else:
            self._lags.pop(upload.id, None)
        return True

    async def sync(self, upload: Upload) -> bool:
        """Sync an upload's committed bytes and move its watermark; whether that went well. What
        fails is tried again by the sweeper, what is lost ends the upload."""
        try:
            await self._store.sync(upload)
            await self._records.synced(upload.id, upload.offset)
        except BytesLost as error:
            await self._end(upload, error)
        except TuslineError as error:
            log.warning("sync.failed", upload_id=upload.id, error=str(error))
        else:
            return True
        return False

    async def _end(self, upload: Upload, error: BytesLost) -> None:
        try:
            await self._breaker.give_up(upload, error)
        except TuslineError as failure:
            log.warning("sync.not_broken", upload_id=upload.id, error=str(failure))


async def _wait(changed: asyncio.Event, seconds: float) -> None:
    changed.clear()
    try:
        async with asyncio.timeout(seconds):
            await changed.wait()
    except TimeoutError:
        return
