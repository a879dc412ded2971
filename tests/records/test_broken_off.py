"""A process dies between two steps of one method: whatever was done, the next one finds its way."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import replace

import pytest

from support.clock import HandClock
from support.faulty_redis import DyingRedis
from support.memories import Remembered
from support.redis_servers import RedisServer
from support.shared_records import connected, records_over, redis_records
from support.uploads import EXPIRES, KEEP_RECORDS, created, fresh
from tusline.errors import BatchFull, KeyReused, RecordsUnavailable
from tusline.records.redis.records import RedisRecords
from tusline.upload import PARTIAL_KEPT, Delta, Phase, Upload, UploadId

KEY = "a-key-of-the-client"
SECOND = UploadId("second-0000000000")
MOST = 12
"""Calls that a method may make at most."""


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def records(
    redis_server: RedisServer, clock: HandClock, memory: Remembered
) -> AsyncGenerator[RedisRecords]:
    async with redis_records(redis_server.url, clock, memory) as opened:
        assert await opened.close_gaps(await opened.gaps())
        yield opened


@pytest.fixture
async def dying(redis_server: RedisServer) -> AsyncGenerator[DyingRedis]:
    async with connected(redis_server.url, DyingRedis) as client:
        yield client


async def steps(dying: DyingRedis, act: Callable[[], Awaitable[object]], after: int) -> bool:
    """Whether the act broke off after so many calls."""
    dying.left = after
    try:
        await act()
    except RecordsUnavailable:
        return True
    return False


async def member_of(records: RedisRecords, name: str) -> Upload:
    given = replace(fresh(f"member-{name:0>10}", length=4), concat="partial")
    member, token = await created(records, given)
    return await records.end(member.id, token, Delta(number=1, added=4, synced=True), "")


async def test_a_creation_goes_on_wherever_it_broke_off(
    records: RedisRecords, dying: DyingRedis, clock: HandClock, memory: Remembered
) -> None:
    doomed = records_over(dying, clock, memory)
    for after in range(MOST):
        member = await member_of(records, str(after))
        first = replace(
            fresh(f"final-{after:011}", length=4),
            batch=f"batch {after}",
            concat="final;x",
            members=(member.id,),
        )
        key = f"{KEY}{after}"

        async def act(first: Upload = first, key: str = key) -> None:
            await doomed.create(first, lease=True, key=key, most=1)

        broke_off = await steps(dying, act, after)
        begun = await records.create(replace(first, id=SECOND), lease=True, key=key, most=1)
        made = begun.upload.id
        assert made == (first.id if after else SECOND)
        assert (await records.get(member.id)).finals == (made,)
        assert [event.name for event in await records.timeline(made)].count("created") == 1
        assert [*memory.known].count(first.id) == (after > 0)
        with pytest.raises(BatchFull):
            await records.create(replace(first, id=UploadId("third")), lease=False, most=1)
        if not broke_off:
            return
        await records.retire(made, Phase.TERMINATED, None)
        await records.discarded(made)
        await records.forget(made)
    pytest.fail("a creation takes too many calls")


async def test_a_member_goes_wherever_the_end_of_its_final_upload_broke_off(
    records: RedisRecords, dying: DyingRedis, clock: HandClock, redis_server: RedisServer
) -> None:
    doomed = records_over(dying, clock)
    for after in range(1, MOST):
        member = await member_of(records, str(after))
        final = replace(
            fresh(f"final-{after:011}", length=None),
            batch="b",
            concat="final;x",
            members=(member.id,),
        )
        await records.create(final, lease=False, most=1)
        dying.left = after
        await doomed.retire(final.id, Phase.REJECTED, None)
        clock.forward(max(EXPIRES, PARTIAL_KEPT) + 1)
        await records.due(10)
        assert [one.id for one in (await records.due(10)).expired] == [member.id]
        await records.create(fresh_of_batch(after), lease=False, most=1)
        if dying.left:
            return
        for one in (member.id, fresh_of_batch(after).id):
            await records.retire(one, Phase.TERMINATED, None)
    pytest.fail("an end takes too many calls")


def fresh_of_batch(number: int) -> Upload:
    return replace(fresh(f"other-{number:011}"), batch="b")


async def test_an_upload_is_forgotten_whole_wherever_that_broke_off(
    records: RedisRecords, dying: DyingRedis, clock: HandClock, redis_server: RedisServer
) -> None:
    doomed = records_over(dying, clock)
    sentinels = set(redis_server.call("KEYS", "*"))
    for after in range(MOST):
        upload = (await records.create(fresh(f"upload-{after:010}"), lease=False, key=KEY)).upload
        await records.retire(upload.id, Phase.TERMINATED, None)
        await records.discarded(upload.id)
        clock.forward(KEEP_RECORDS + 1)

        async def act(id: UploadId = upload.id) -> None:
            await doomed.forget(id)

        broke_off = await steps(dying, act, after)
        assert len((await records.due(10)).forgettable) == broke_off
        await records.forget(upload.id)
        assert set(redis_server.call("KEYS", "*")) == sentinels
        if not broke_off:
            return
    pytest.fail("to forget takes too many calls")


# --- creations under the key, or in the batch, of one that came to nothing ---------------------


async def test_another_file_is_not_made_under_the_key_of_a_creation_that_broke_off(
    records: RedisRecords, dying: DyingRedis, clock: HandClock
) -> None:
    dying.left = 1
    with pytest.raises(RecordsUnavailable):
        await records_over(dying, clock).create(fresh(), lease=True, key=KEY)
    assert await records.named("", KEY) is None
    with pytest.raises(KeyReused):
        await records.create(fresh(length=99), lease=True, key=KEY)


async def test_a_place_whose_upload_was_never_made_is_free_again_some_day(
    records: RedisRecords, dying: DyingRedis, clock: HandClock
) -> None:
    first, second = (replace(fresh(f"upload-{n:010}"), batch="b") for n in range(2))
    dying.left = 1
    with pytest.raises(RecordsUnavailable):
        await records_over(dying, clock).create(first, lease=False, most=1)
    with pytest.raises(BatchFull):
        await records.create(second, lease=False, most=1)
    clock.forward(3601)
    await records.create(second, lease=False, most=1)
