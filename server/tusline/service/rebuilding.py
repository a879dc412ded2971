"""Records that were lost are made anew from what the store holds."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import structlog

from tusline.errors import ServiceBusy, UnknownUpload
from tusline.interfaces import BlobStore, Records
from tusline.service.settling import Settler
from tusline.upload import UploadId

log = structlog.get_logger()

PAGE = 1000
"""Uploads of the store looked at together."""

LOOK_EVERY = 5.0
"""Seconds between two looks for gaps, which cost Redis little."""

AT_A_TIME = 8
"""Uploads restored at a time: each takes some requests of the store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """What a walk through the store has found, in uploads: `stored` there, of them `restored`, and
    `remnants`, of which only something is left that nobody needs. `complete`: nothing got lost
    meanwhile."""

    stored: int
    restored: int
    remnants: int
    complete: bool


class Rebuilder:
    """Walks through the store. Uploads that are asked for meanwhile are restored at once, and do
    not wait for it."""

    def __init__(self, records: Records, store: BlobStore, settler: Settler) -> None:
        self._records = records
        self._store = store
        self._settler = settler

    async def fill_gaps(self) -> Rebuilt | None:
        """A walk, if records may be missing; else None. Raises RecordsUnavailable,
        StoreUnavailable; then a later one goes on."""
        return await self.rebuild() if await self._records.gaps() else None

    async def rebuild(self) -> Rebuilt:
        """A walk, whether records are missing or not. Raises as `fill_gaps`."""
        mark = await self._records.gaps()
        stored = restored = remnants = 0
        after = ""
        while True:
            page, after = await self._store.stored(after=after, limit=PAGE)
            there = await self._restore(await self._records.missing(page))
            stored += len(page)
            restored += sum(there)
            remnants += len(there) - sum(there)
            if not after:
                break
        return Rebuilt(
            stored=stored,
            restored=restored,
            remnants=remnants,
            complete=await self._records.close_gaps(mark),
        )

    async def _restore(self, ids: Sequence[UploadId]) -> list[bool]:
        turns = asyncio.Semaphore(AT_A_TIME)

        async def restored(id: UploadId) -> bool:
            async with turns:
                return await self._is_there(id)

        return await asyncio.gather(*map(restored, ids))

    async def _is_there(self, id: UploadId) -> bool:
        """To ask for an upload restores it, while there are gaps. One that is whole waits for the
        optimizer again: nobody knows whether it was done."""
        try:
            upload = await self._records.get(id)
        except UnknownUpload:
            return False
        if upload.complete:
            await self._settler.settle(id)
        return True

    async def run(self) -> None:
        """Look for gaps now and then, until cancelled."""
        while True:
            try:
                if rebuilt := await self.fill_gaps():
                    log.warning("records.rebuilt", **asdict(rebuilt))
            except ServiceBusy as error:
                log.warning("rebuild.failed", code=error.code, error=str(error))
            except Exception:
                log.exception("rebuild.failed")
            await asyncio.sleep(LOOK_EVERY)
