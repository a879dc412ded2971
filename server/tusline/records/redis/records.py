"""The shared Records: Redis or Valkey, for any number of processes."""

from collections.abc import Sequence

from tusline.interfaces import Begun, Clock, Committed, Due
from tusline.records.redis import fields, library, outbox, sentinels
from tusline.records.redis.batches import Batches
from tusline.records.redis.claims import Claims
from tusline.records.redis.due import Dues
from tusline.records.redis.making import Maker
from tusline.records.redis.shelf import Memory, Shelf
from tusline.redis.client import Redis
from tusline.redis.keys import Keys
from tusline.upload import Delta, Event, Job, Outcome, Phase, Reason, Upload, UploadId


class RedisRecords:
    """Implements Records. All times are seconds: `lease_ttl`, `expires` (0: never), and how long
    records of what is over and originals are kept (0: for ever). How long a caller waits is a
    matter of the client, which others open and close.

    `memory` is what outlives Redis. The time is that of the Redis servers, unless there is a
    `clock`.
    """

    def __init__(
        self,
        redis: Redis,
        keys: Keys,
        memory: Memory,
        *,
        lease_ttl: float,
        expires: float,
        keep_records: float = 0,
        keep_originals: float = 0,
        clock: Clock | None = None,
    ) -> None:
        self._shelf = Shelf(redis, keys, memory, clock, lease_ttl=lease_ttl, expires=expires)
        self._claims = Claims(self._shelf)
        self._batches = Batches(self._shelf)
        self._maker = Maker(self._shelf, self._claims, self._batches)
        self._dues = Dues(self._shelf, keep_records=keep_records, keep_originals=keep_originals)

    # --- uploads and leases ------------------------------------------------------------------

    async def create(
        self, upload: Upload, *, lease: bool, key: str | None = None, most: int | None = None
    ) -> Begun:
        return await self._maker.create(upload, lease=lease, key=key, most=most)

    async def named(self, owner: str, key: str) -> Upload | None:
        return await self._claims.named(owner, key)

    async def get(self, id: UploadId) -> Upload:
        return await self._shelf.get(id)

    async def begin(
        self,
        id: UploadId,
        *,
        expect: int | None = None,
        want: bool = False,
        overtake: int | None = None,
    ) -> Begun:
        args = ("" if expect is None else expect, int(want), "" if overtake is None else overtake)
        reply = await self._shelf.call(library.BEGIN, id, *args)
        token = reply[5]
        return Begun(upload=fields.to_upload(id, reply), token=int(token) if token else None)

    async def commit(self, id: UploadId, token: int, delta: Delta) -> Committed:
        reply = await self._shelf.call(library.COMMIT, id, token, *fields.of_delta(delta))
        return Committed(offset=int(reply[1]), wanted=reply[2] == b"1")

    async def end(self, id: UploadId, token: int, delta: Delta, note: str) -> Upload:
        return await self._shelf.upload(library.END, id, token, *fields.of_delta(delta, note))

    async def synced(self, id: UploadId, offset: int) -> None:
        await self._shelf.run(library.SYNCED, id, offset)

    async def finish(self, id: UploadId, token: int, content_type: str | None) -> Upload:
        now = await self._shelf.upload(library.FINISH, id, token, content_type or "")
        await self._shelf.unlist_final(now)
        return now

    async def retire(
        self, id: UploadId, phase: Phase, reason: Reason | None, *, token: int | None = None
    ) -> Upload:
        newest = "" if token is None else token
        args = (phase.value, *fields.of_reason(reason), newest, "")
        now = await self._shelf.upload(library.RETIRE, id, *args)
        await self._shelf.unlist_final(now)
        await self._batches.give_back(now)
        return now

    # --- the sweeper, the outbox, the timeline -----------------------------------------------

    async def discarded(self, id: UploadId) -> None:
        await self._shelf.run(library.DISCARDED, id)

    async def drop_original(self, id: UploadId) -> Upload:
        now = await self._shelf.upload(library.DROP_ORIGINAL, id)
        await self._batches.give_back(now)
        return now

    async def original_dropped(self, id: UploadId) -> None:
        await self._shelf.run(library.ORIGINAL_DROPPED, id)

    async def forget(self, id: UploadId) -> None:
        await self._claims.let_go(id)
        await self._shelf.run(library.FORGET, id)

    async def restore(self, upload: Upload) -> Upload:
        return await self._shelf.restore(upload, seen="any")

    async def missing(self, ids: Sequence[UploadId]) -> list[UploadId]:
        return await self._shelf.missing(ids)

    async def gaps(self) -> str:
        return await sentinels.gaps(self._shelf)

    async def close_gaps(self, mark: str) -> bool:
        return await sentinels.close_gaps(self._shelf, mark)

    async def due(self, limit: int) -> Due:
        return await self._dues.due(limit)

    async def pending(self, *, after: str, limit: int) -> tuple[list[UploadId], str]:
        return await outbox.pending(self._shelf, after=after, limit=limit)

    async def timeline(self, id: UploadId) -> list[Event]:
        key = self._shelf.keys.timeline(id)
        lines: list[bytes] = await self._shelf.redis.command(key, "LRANGE", key, 0, -1)
        return [fields.to_event(line) for line in lines]

    # --- jobs --------------------------------------------------------------------------------

    async def start_job(self, id: UploadId) -> Job | None:
        reply = await self._shelf.call(library.START_JOB, id)
        if reply[0] == b"none":
            return None
        upload = fields.to_upload(id, reply)
        return Job(upload=upload, token=upload.job_token)

    async def postpone(self, id: UploadId, token: int) -> None:
        await self._shelf.call(library.POSTPONE, id, token)

    async def publish(self, id: UploadId, token: int, outcome: Outcome) -> Upload:
        args = (token, outcome.phase.value, *fields.of_reason(outcome.reason))
        return await self._shelf.upload(library.PUBLISH, id, *args, *fields.of_outcome(outcome))
