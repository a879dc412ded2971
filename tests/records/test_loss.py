"""What becomes of uploads when Redis forgets all of them, or the last things it was told."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from support.memories import Remembered
from support.redis_servers import RedisServer, running_redis, running_replica
from support.shared_records import redis_records
from support.uploads import VARIANT, created, fresh, received
from tusline.errors import LeaseLost, StaleJob, UnknownUpload
from tusline.records.redis.records import RedisRecords
from tusline.upload import NOTHING, Delta, Outcome, Phase, Upload, UploadId

READY = Outcome(phase=Phase.READY, variants=(VARIANT,), sha256="ab")


async def begun(records: RedisRecords, upload: Upload) -> int:
    token = (await records.begin(upload.id)).token
    assert token is not None
    return token


# --- a flush -----------------------------------------------------------------------------------


async def test_an_upload_goes_on_after_a_flush_where_the_store_says(
    records: RedisRecords, memory: Remembered, redis_server: RedisServer
) -> None:
    upload, token = await created(records)
    await records.commit(upload.id, token, Delta(number=1, added=6, journal=("a", "b")))
    redis_server.call("FLUSHALL")
    memory.known[upload.id] = replace(upload, offset=4, journal=("a",), token=token + 5)

    with pytest.raises(LeaseLost):
        await records.commit(upload.id, token, Delta(number=2, added=1))
    now = await records.get(upload.id)
    assert (now.offset, now.journal, now.held) == (4, ("a",), False)
    assert await begun(records, upload) > token + 5
    assert memory.asked == [upload.id]


async def test_an_upload_that_the_store_has_whole_is_queued_again_after_a_flush(
    records: RedisRecords, memory: Remembered, redis_server: RedisServer
) -> None:
    upload = await received(records)
    redis_server.call("FLUSHALL")
    memory.known[upload.id] = upload
    job = await records.start_job(upload.id)
    assert job is not None
    assert job.upload.phase is Phase.OPTIMIZING
    assert await records.pending(after="", limit=10) == ([upload.id], "")


async def test_the_late_result_of_a_job_from_before_a_flush_is_refused(
    records: RedisRecords, memory: Remembered, redis_server: RedisServer
) -> None:
    upload = await received(records)
    job = await records.start_job(upload.id)
    assert job is not None
    redis_server.call("FLUSHALL")
    memory.known[upload.id] = upload
    with pytest.raises(StaleJob):
        await records.publish(upload.id, job.token, READY)


async def test_a_final_upload_waits_for_its_members_again_after_a_flush(
    records: RedisRecords, memory: Remembered, redis_server: RedisServer
) -> None:
    member, _ = await created(records, replace(fresh("member-0000000000"), concat="partial"))
    final = replace(fresh(length=None), concat="final;x", members=(member.id,))
    await records.create(final, lease=False)
    redis_server.call("FLUSHALL")
    await records.get(final.id)
    await records.get(member.id)
    assert (await records.get(member.id)).finals == (final.id,)


# --- a restart ---------------------------------------------------------------------------------


@pytest.fixture
async def kept(
    tmp_path: Path, memory: Remembered
) -> AsyncGenerator[tuple[RedisServer, RedisRecords]]:
    """A server that keeps its data over restarts, and records on it."""
    with running_redis(tmp_path / "kept", "--appendonly", "yes") as server:
        async with redis_records(server.url, memory=memory) as opened:
            assert await opened.close_gaps(await opened.gaps())
            yield server, opened


Kept = tuple[RedisServer, RedisRecords]


async def test_a_writer_goes_on_over_a_restart_and_nobody_asks_the_store(
    kept: Kept, memory: Remembered
) -> None:
    server, records = kept
    upload, token = await created(records)
    await records.commit(upload.id, token, Delta(number=1, added=4, journal=("a",)))
    restart(server)
    assert (await records.commit(upload.id, token, Delta(number=1, added=4))).offset == 4
    await records.commit(upload.id, token, NOTHING)
    assert (await records.commit(upload.id, token, Delta(number=2, added=2))).offset == 6
    now = await records.end(upload.id, token, Delta(number=2), "")
    assert (now.offset, now.journal, memory.asked) == (6, ("a",), [])


async def test_after_a_restart_an_upload_is_compared_with_the_store_once(
    kept: Kept, memory: Remembered
) -> None:
    server, records = kept
    upload, token = await created(records)
    await records.end(upload.id, token, Delta(number=1, added=4), "")
    restart(server)
    memory.known[upload.id] = replace(upload, offset=7, token=token)
    assert (await records.begin(upload.id, expect=4)).token is None
    assert (await records.begin(upload.id, expect=7)).token is not None
    assert memory.asked == [upload.id]


async def test_a_dead_writer_is_overtaken_after_a_restart_at_what_the_store_says(
    kept: Kept, memory: Remembered
) -> None:
    server, records = kept
    upload, token = await created(records)
    restart(server)
    memory.known[upload.id] = replace(upload, offset=5, token=token)
    held = await records.begin(upload.id, want=True)
    assert (held.token, held.upload.held) == (None, True)
    begun = await records.begin(upload.id, overtake=token)
    assert begun.token is not None
    assert (begun.upload.offset, begun.token > token) == (5, True)


async def test_a_writer_that_proves_nothing_ends_at_what_the_store_says(
    kept: Kept, memory: Remembered
) -> None:
    server, records = kept
    upload, token = await created(records)
    restart(server)
    memory.known[upload.id] = replace(upload, offset=5, token=token)
    assert not (await records.commit(upload.id, token, NOTHING)).wanted
    with pytest.raises(LeaseLost):
        await records.end(upload.id, token, NOTHING, "")
    assert (await records.get(upload.id)).offset == 5


async def test_a_finish_after_a_restart_is_left_to_who_settles_next(
    kept: Kept, memory: Remembered
) -> None:
    server, records = kept
    upload, token = await created(records, fresh(length=4))
    await records.commit(upload.id, token, Delta(number=1, added=4))
    whole = await records.get(upload.id)
    restart(server)
    memory.known[upload.id] = whole
    with pytest.raises(LeaseLost):
        await records.finish(upload.id, token, "image/jpeg")
    again = await begun(records, upload)
    assert (await records.finish(upload.id, again, "image/jpeg")).phase is Phase.RECEIVED


async def test_a_job_goes_on_over_a_restart(kept: Kept, memory: Remembered) -> None:
    server, records = kept
    upload = await received(records)
    job = await records.start_job(upload.id)
    assert job is not None
    memory.known[upload.id] = upload
    restart(server)
    now = await records.publish(upload.id, job.token, READY)
    assert (now.phase, now.variants, now.attempts) == (Phase.READY, (VARIANT,), 1)


async def test_what_is_over_is_never_compared(kept: Kept, memory: Remembered) -> None:
    server, records = kept
    upload, _ = await created(records)
    await records.retire(upload.id, Phase.TERMINATED, None)
    restart(server)
    assert (await records.get(upload.id)).phase is Phase.TERMINATED
    await records.discarded(upload.id)
    assert (await records.due(10)).leftover == ()
    assert memory.asked == []


async def test_an_upload_whose_end_was_lost_ends_again(kept: Kept, memory: Remembered) -> None:
    server, records = kept
    upload, token = await created(records)
    await records.end(upload.id, token, Delta(number=1, added=4, journal=("a",)), "")
    restart(server)
    memory.known.clear()
    await records.discarded(upload.id)
    now = await records.get(upload.id)
    assert (now.phase, now.journal, now.reason) == (Phase.TERMINATED, ("a",), None)
    assert [one.id for one in (await records.due(10)).leftover] == [upload.id]


def restart(server: RedisServer) -> None:
    server.stop()
    server.start()


# --- a replica that lags ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pair:
    """A server and its replica, and records on each."""

    master: RedisServer
    replica: RedisServer
    before: RedisRecords
    after: RedisRecords

    async def part(self) -> None:
        """The replica, which has everything so far, gets nothing more: later it takes over."""

        def offset(server: RedisServer, name: str) -> str:
            return server.info("replication")[name]

        self.replica.until(
            lambda: (
                offset(self.replica, "slave_repl_offset")
                == offset(self.master, "master_repl_offset")
            ),
            "the replica is in step",
        )
        self.replica.call("REPLICAOF", "NO", "ONE")


@pytest.fixture
async def pair(
    tmp_path: Path, redis_server: RedisServer, memory: Remembered
) -> AsyncGenerator[Pair]:
    with running_replica(redis_server, tmp_path / "replica") as replica:
        async with redis_records(redis_server.url, memory=memory) as before:
            async with redis_records(replica.url, memory=memory) as after:
                yield Pair(redis_server, replica, before, after)


async def test_a_writer_that_knows_more_than_the_replica_ends(
    pair: Pair, memory: Remembered
) -> None:
    upload, token = await created(pair.before)
    await pair.before.commit(upload.id, token, Delta(number=1, added=2))
    await pair.part()
    await pair.before.commit(upload.id, token, Delta(number=2, added=2))

    memory.known[upload.id] = replace(upload, offset=4, token=token)
    await pair.after.commit(upload.id, token, NOTHING)
    with pytest.raises(LeaseLost):
        await pair.after.commit(upload.id, token, Delta(number=3, added=2))
    assert memory.asked == []
    with pytest.raises(LeaseLost):
        await pair.after.end(upload.id, token, Delta(number=2), "")
    assert (await pair.after.get(upload.id)).offset == 4
    assert await begun(pair.after, upload) > token


async def test_a_writer_whose_last_answer_was_lost_goes_on_at_the_replica(
    pair: Pair, memory: Remembered
) -> None:
    upload, token = await created(pair.before)
    await pair.before.commit(upload.id, token, Delta(number=1, added=2))
    await pair.part()
    second = Delta(number=2, added=2, journal=("b",))
    await pair.before.commit(upload.id, token, second)

    assert (await pair.after.commit(upload.id, token, second)).offset == 4
    now = await pair.after.end(upload.id, token, Delta(number=3, added=1), "")
    assert (now.offset, now.journal, memory.asked) == (5, ("b",), [])


async def test_a_newcomer_is_told_no_offset_that_the_replica_made_up(
    pair: Pair, memory: Remembered
) -> None:
    upload, token = await created(pair.before)
    await pair.part()
    await pair.before.commit(upload.id, token, Delta(number=1, added=4))

    memory.known[upload.id] = replace(upload, offset=4, token=token)
    assert (await pair.after.begin(upload.id, want=True)).token is None
    assert memory.asked == []
    assert (await pair.after.begin(upload.id, expect=4)).token is not None


async def test_a_lease_that_the_replica_has_not_seen_is_fenced(
    pair: Pair, memory: Remembered
) -> None:
    upload, first = await created(pair.before)
    await pair.before.end(upload.id, first, NOTHING, "")
    await pair.part()
    second = await begun(pair.before, upload)
    memory.known[upload.id] = replace(upload, offset=0, token=second + 1)
    assert await begun(pair.after, upload) > second
    with pytest.raises(LeaseLost):
        await pair.after.commit(upload.id, second, Delta(number=1, added=1))


async def test_a_deletion_that_the_replica_has_not_seen_is_made_up_for(
    pair: Pair, memory: Remembered
) -> None:
    upload, token = await created(pair.before)
    await pair.before.end(upload.id, token, NOTHING, "")
    await pair.part()
    await pair.before.retire(upload.id, Phase.TERMINATED, None)
    memory.known.clear()
    assert (await pair.after.get(upload.id)).phase is Phase.TERMINATED


async def test_a_creation_that_the_replica_has_not_seen_is_recalled(
    pair: Pair, memory: Remembered
) -> None:
    mark = await pair.before.gaps()
    assert await pair.before.close_gaps(mark)
    await pair.part()
    upload, token = await created(pair.before)
    assert (await pair.after.get(upload.id)).owner == upload.owner
    with pytest.raises(LeaseLost):
        await pair.after.commit(upload.id, token, Delta(number=1, added=1))
    with pytest.raises(UnknownUpload):
        await pair.after.get(UploadId("nobody-0000000000"))
    assert memory.asked == [upload.id, "nobody-0000000000"]
