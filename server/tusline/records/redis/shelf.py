"""Calls of scripts on one upload, and what precedes them when Redis has lost data."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from tusline import rules
from tusline.errors import LeaseLost, RecordsUnavailable, StaleJob, UnknownUpload
from tusline.interfaces import Clock
from tusline.records.redis import fields, library
from tusline.redis.client import Redis
from tusline.redis.keys import Keys
from tusline.redis.script import Script
from tusline.upload import Phase, Upload, UploadId

log = structlog.get_logger()

TRIES = 3
"""Times that a call is made whose record has to be compared with the store first: Redis may lose
data again meanwhile, but hardly twice."""


class Memory(Protocol):
    """What outlives Redis: as the BlobStore has it, whose contract counts."""

    async def remember(self, upload: Upload) -> None: ...

    async def recall(self, id: UploadId, known: Upload | None) -> Upload | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A record, and the time then by the records' clock, in seconds since the epoch."""

    upload: Upload
    now: float

    @property
    def over(self) -> bool:
        """Whether nothing can come of the upload any more."""
        return rules.is_over(self.upload, now=self.now)


class Shelf:
    """The records by id. `lease_ttl` and `expires` (0: never) are in seconds; without a clock it is
    the server's time that counts.

    A record names the life of the server, its epoch, in which it was written. One that was written
    in an earlier life is suspect: what was written to it at the end of that may be lost. It is
    compared with the store before it is believed, unless it is over, or who holds its lease proves
    it (`lease.lua`).
    """

    def __init__(
        self,
        redis: Redis,
        keys: Keys,
        memory: Memory,
        clock: Clock | None,
        *,
        lease_ttl: float,
        expires: float,
    ) -> None:
        self.redis = redis
        self.keys = keys
        self.memory = memory
        self._clock = clock
        self._lives = (fields.micros(lease_ttl), fields.micros(expires))

    @property
    def time(self) -> str:
        """What scripts are told of the time, in µs; nothing: they ask the server."""
        return "" if self._clock is None else str(fields.micros(self._clock.now()))

    async def call(self, script: Script, id: UploadId, *args: fields.Part) -> Sequence[Any]:
        """The answer of a script that could do its work. Raises UnknownUpload, LeaseLost, StaleJob,
        RecordsUnavailable, and what the store raises when it is asked."""
        for _ in range(TRIES):
            reply = await self.run(script, id, *args)
            match reply[0]:
                case b"suspect":
                    await self._compare(id, reply)
                case b"missing":
                    await self._find(id)
                case b"unknown":
                    raise UnknownUpload("there is no such upload")
                case b"lost":
                    raise LeaseLost(f"{id}: {reply[1].decode()}")
                case b"stale":
                    raise StaleJob(f"the job of {id} is not this worker's any more")
                case _:
                    return reply
        raise RecordsUnavailable("the records lose data", retry_after=5)

    async def run(self, script: Script, id: UploadId, *args: fields.Part) -> Sequence[Any]:
        """The answer as it comes. Raises RecordsUnavailable, also for a record that a newer version
        of tusline wrote: while versions change another process can read it."""
        reply = await self._send(script, id, *args)
        if reply[0] == b"newer":
            raise RecordsUnavailable("a newer version of tusline wrote this record", retry_after=5)
        return reply

    async def _send(self, script: Script, id: UploadId, *args: fields.Part) -> Sequence[Any]:
        reply: Sequence[Any] = await self.redis.run(
            script, self.keys.upload(id), (self.time, *self._lives, *args)
        )
        return reply

    async def upload(self, script: Script, id: UploadId, *args: fields.Part) -> Upload:
        """As `call`, for a script that answers with the record."""
        return fields.to_upload(id, await self.call(script, id, *args))

    async def get(self, id: UploadId) -> Upload:
        """Raises UnknownUpload."""
        return await self.upload(library.GET, id, 0)

    async def find(self, id: UploadId) -> Found | None:
        """As `get`; None: there is no such upload."""
        try:
            reply = await self.call(library.GET, id, 0)
        except UnknownUpload:
            return None
        return Found(upload=fields.to_upload(id, reply), now=fields.seconds(reply[1]))

    async def peek(self, id: UploadId) -> Upload | None:
        """The record as it stands here, believed or not; None: there is none that can be read."""
        reply = await self._send(library.GET, id, 1)
        return fields.to_upload(id, reply) if reply[0] == b"ok" else None

    async def missing(self, ids: Sequence[UploadId]) -> list[UploadId]:
        """As `Records.missing`."""
        keys = [self.keys.upload(id)[0] for id in ids]
        there = await asyncio.gather(*(self.redis.command(key, "EXISTS", key) for key in keys))
        return [id for id, found in zip(ids, there, strict=True) if not found]

    async def restore(self, upload: Upload, *, seen: str) -> Upload:
        """As `Records.restore`, in place of a record of the epoch `seen`; "": of none; "any": of
        whichever is not the present one."""
        journal = upload.journal
        args = (seen, len(journal), *journal, *fields.of_upload(upload))
        restored = fields.to_upload(upload.id, await self.run(library.RESTORE, upload.id, *args))
        await self.list_final(restored)
        return restored

    async def list_final(self, upload: Upload) -> None:
        """Put a final upload down at its members, while it is not finished."""
        if upload.final and upload.phase is Phase.RECEIVING:
            for member in dict.fromkeys(upload.members):
                await self.run(library.LIST, member, upload.id)

    async def unlist_final(self, upload: Upload) -> None:
        """Take a final upload that is finished or over from its members. Where Redis does not
        answer, the sweeper finds it there."""
        if upload.final and upload.phase is not Phase.RECEIVING:
            with suppress(RecordsUnavailable):
                for member in dict.fromkeys(upload.members):
                    await self.run(library.UNLIST, member, upload.id)

    # --- after a loss ------------------------------------------------------------------------

    async def _compare(self, id: UploadId, reply: Sequence[Any]) -> None:
        """Have a suspect record say again what the store can prove."""
        known, seen = fields.to_upload(id, reply), fields.epoch(reply)
        recalled = await self.memory.recall(id, known)
        if recalled is None:
            log.warning("record.end_was_lost", upload_id=id, phase=known.phase.value)
            await self.run(library.RETIRE, id, Phase.TERMINATED.value, "", "", "", seen)
            return
        restored = await self.restore(recalled, seen=seen)
        log.info("record.compared", upload_id=id, was=known.offset, offset=restored.offset)

    async def _find(self, id: UploadId) -> None:
        """Restore a record that may be lost. Raises UnknownUpload when there was none."""
        recalled = await self.memory.recall(id, None)
        if recalled is None:
            raise UnknownUpload("there is no such upload")
        restored = await self.restore(recalled, seen="")
        log.warning("record.restored", upload_id=id, offset=restored.offset)
