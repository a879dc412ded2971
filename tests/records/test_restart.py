"""What becomes of uploads when Redis was stopped: perhaps it has lost what it was told last."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest

from support.memories import Remembered
from support.redis_servers import RedisServer, running_redis
from support.shared_records import redis_records
from support.uploads import VARIANT, created, fresh, leased, received
from tusline.errors import LeaseLost
from tusline.records.redis.records import RedisRecords
from tusline.upload import NOTHING, Delta, Outcome, Phase

READY = Outcome(phase=Phase.READY, variants=(VARIANT,), sha256="ab")


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
    again = await leased(records, upload)
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
