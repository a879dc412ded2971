"""What becomes of uploads when Redis forgets all of them."""

from dataclasses import replace

import pytest

from support.memories import Remembered
from support.redis_servers import RedisServer
from support.uploads import VARIANT, created, fresh, leased, received
from tusline.errors import LeaseLost, StaleJob
from tusline.records.redis.records import RedisRecords
from tusline.upload import Delta, Outcome, Phase

READY = Outcome(phase=Phase.READY, variants=(VARIANT,), sha256="ab")


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
    assert await leased(records, upload) > token + 5
    assert memory.asked == [upload.id]


async def test_who_recalls_an_upload_too_late_has_the_store_told_again(
    records: RedisRecords, memory: Remembered, redis_server: RedisServer
) -> None:
    """Two processes ask the store for a lost upload. It counts nothing under tokens older than the
    newest it was asked with: so a writer between them must not go on."""
    upload, _ = await created(records)
    redis_server.call("FLUSHALL")
    memory.known[upload.id] = replace(upload, offset=4)
    token = await leased(records, upload)
    await records.commit(upload.id, token, Delta(number=1, added=2, journal=("a",)))
    memory.asked.clear()

    late = token + 10**9
    await records.restore(replace(upload, offset=4, token=late))
    with pytest.raises(LeaseLost):
        await records.commit(upload.id, token, Delta(number=2, added=1))
    memory.known[upload.id] = replace(upload, offset=6, journal=("a",), token=late)
    now = await records.get(upload.id)
    assert (now.offset, now.journal, memory.asked) == (6, ("a",), [upload.id])
    assert await leased(records, upload) > late


async def test_who_recalls_an_upload_as_late_as_others_disturbs_nobody(
    records: RedisRecords, memory: Remembered, redis_server: RedisServer
) -> None:
    upload, first = await created(records)
    redis_server.call("FLUSHALL")
    memory.known[upload.id] = upload
    token = await leased(records, upload)
    await records.restore(replace(upload, token=first))
    assert (await records.commit(upload.id, token, Delta(number=1, added=2))).offset == 2


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
