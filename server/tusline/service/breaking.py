"""An upload whose bytes cannot be trusted any more ends here, and its client starts anew (I11)."""

from contextlib import suppress

import structlog

from tusline import topics
from tusline.errors import BytesLost, RecordsUnavailable, TuslineError
from tusline.interfaces import BlobStore, Records, Signals
from tusline.rules import rejection
from tusline.service.clearing import Clearer
from tusline.upload import OVER, Phase, Reason, Upload

log = structlog.get_logger()

LOST = Reason(
    code="bytes-lost", message="the disk lost bytes of this upload; please send the file again"
)


class Breaker:
    """Rejects uploads that lost bytes. The next HEAD tells the client, which creates a new one."""

    def __init__(
        self, records: Records, store: BlobStore, signals: Signals, clearer: Clearer
    ) -> None:
        self._records = records
        self._store = store
        self._signals = signals
        self._clearer = clearer

    async def give_up(self, upload: Upload, error: BytesLost) -> Upload:
        """The record then: rejected, if it was still receiving, whoever holds its lease: what a
        failed sync has lost no successor can find out any more. Raises BytesLost when the records
        cannot say so: then the bytes go nevertheless, so that whoever looks for them, in whatever
        process, finds that they are lost, and no later sync can lie about them."""
        try:
            broken = await self._records.retire(upload.id, Phase.REJECTED, LOST)
        except RecordsUnavailable as failure:
            _alarm(upload, error)
            with suppress(TuslineError):
                await self._store.discard(upload)
            await self._signals.notify(topics.let_go(upload.id))
            raise BytesLost(LOST.message) from failure
        if not _needless(broken):
            _alarm(upload, error)
        for topic in (topics.let_go, topics.free, topics.changed):
            await self._signals.notify(topic(upload.id))
        await self._clearer.tidy(broken)
        return broken


def refusal_of(upload: Upload) -> TuslineError:
    """What the client of a rejected upload is told. It does not come back after a 4xx, but should
    where the file was not at fault."""
    return BytesLost(LOST.message) if upload.reason == LOST else rejection(upload)


def _needless(upload: Upload) -> bool:
    """Whether the bytes went because nobody needs them: a sync behind a request may find none."""
    return upload.original_gone or (upload.phase in OVER and upload.reason != LOST)


def _alarm(upload: Upload, error: BytesLost) -> None:
    log.error("upload.bytes_lost", upload_id=upload.id, error=str(error))
