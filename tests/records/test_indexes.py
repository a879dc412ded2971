"""How the sweeper finds what is due among the shards, and what heals itself on the way."""

from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from support.clock import HandClock
from support.redis_servers import RedisServer
from support.shared_records import KEYS, redis_records
from support.uploads import EXPIRES, KEEP_RECORDS, LEASE_TTL, created, ended, fresh
from tusline.records.redis.records import RedisRecords
from tusline.upload import PARTIAL_KEPT, Delta, Outcome, Phase, Upload, UploadId


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def records(redis_server: RedisServer, clock: HandClock) -> AsyncGenerator[RedisRecords]:
    async with redis_records(redis_server.url, clock) as opened:
        yield opened


async def whole_member(records: RedisRecords, name: str = "member-0000000000") -> Upload:
    given = replace(fresh(name, length=4), concat="partial")
    member, token = await created(records, given)
    return await records.end(member.id, token, Delta(number=1, added=4, synced=True), "")


async def final_of(records: RedisRecords, id: str, *members: UploadId) -> Upload:
    given = replace(fresh(id, length=None), concat="final;x", members=members)
    return (await records.create(given, lease=False)).upload


async def test_a_final_upload_that_is_not_there_keeps_no_member(
    records: RedisRecords, clock: HandClock, redis_server: RedisServer
) -> None:
    member = await whole_member(records)
    final = await final_of(records, "final-0000000000", member.id)
    redis_server.call("DEL", *KEYS.upload(final.id)[:3])
    clock.forward(max(EXPIRES, PARTIAL_KEPT) + 1)
    assert (await records.due(10)).expired == ()
    assert [one.id for one in (await records.due(10)).expired] == [member.id]


async def test_members_that_are_waited_for_do_not_hide_those_that_are_not(
    records: RedisRecords, clock: HandClock, redis_server: RedisServer
) -> None:
    missing = UploadId("missing-0000000000")
    await records.create(replace(fresh(missing), concat="partial"), lease=False)
    for number in range(3):
        member = await whole_member(records, f"member-{number:010}")
        await final_of(records, f"final-{number:011}", member.id, missing)
    clock.forward(1)
    last = await whole_member(records, "lonely-0000000000")
    final = await final_of(records, "final-0000000000", last.id)
    redis_server.call("DEL", *KEYS.upload(final.id)[:3])
    clock.forward(max(EXPIRES, PARTIAL_KEPT) + 1)
    await records.retire(missing, Phase.EXPIRED, None)
    for _ in range(3):
        due = await records.due(2)
    assert [one.id for one in due.expired] == [last.id]


async def test_final_uploads_that_wait_for_members_do_not_hide_those_that_do_not(
    records: RedisRecords, clock: HandClock
) -> None:
    missing = UploadId("missing-0000000000")
    await records.create(replace(fresh(missing), concat="partial"), lease=False)
    for number in range(3):
        await final_of(records, f"waits-{number:010}", missing)
        clock.forward(1)
    member = await whole_member(records)
    ready = await final_of(records, "ready-0000000000", member.id)
    seen = [one.id for _ in range(3) for one in (await records.due(2)).joinable]
    assert set(seen) == {ready.id}


async def test_an_upload_leaves_every_index_when_it_is_forgotten(
    records: RedisRecords, clock: HandClock, redis_server: RedisServer
) -> None:
    failed = Outcome(phase=Phase.FAILED)
    for step in range(4):
        upload = await ended(records, failed, f"upload-{step:010}")
        await records.drop_original(upload.id)
        await records.discarded(upload.id)
    partial = await whole_member(records)
    final = await final_of(records, "final-0000000000", partial.id)
    for one in (partial, final):
        await records.retire(one.id, Phase.TERMINATED, None)
        await records.discarded(one.id)
    clock.forward(KEEP_RECORDS + LEASE_TTL)
    due = await records.due(10)
    assert len(due.forgettable) == 6
    for one in due.forgettable:
        await records.forget(one.id)
    assert redis_server.call("KEYS", "*") == []


async def test_a_page_of_the_outbox_never_names_an_upload_twice(records: RedisRecords) -> None:
    ids = {f"upload-{number:010}" for number in range(150)}
    for id in ids:
        upload, token = await created(records, fresh(id, length=0))
        await records.finish(upload.id, token, None)
    for limit in (1, 7, 150, 151):
        seen: list[str] = []
        cursor = ""
        while page := await records.pending(after=cursor, limit=limit):
            assert len(page[0]) <= limit
            seen += page[0]
            cursor = page[1]
            if not cursor:
                break
        assert sorted(seen) == sorted(ids)
