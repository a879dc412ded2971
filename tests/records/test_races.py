"""Several processes: at once, or one of them newer."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from support.memories import Remembered
from support.redis_servers import RedisServer
from support.shared_records import redis_records
from support.uploads import created, fresh
from tusline.errors import BatchFull, RecordsUnavailable
from tusline.interfaces import Begun
from tusline.records.redis.records import RedisRecords
from tusline.redis.keys import Keys
from tusline.upload import NOTHING, Delta, Phase, Upload

KEY = "a-key-of-the-client"
KEYS = Keys("tusline")


@pytest.fixture
async def other(redis_server: RedisServer, memory: Remembered) -> AsyncGenerator[RedisRecords]:
    """Records of another process."""
    async with redis_records(redis_server.url, memory=memory) as opened:
        yield opened


def named(number: int) -> Upload:
    return fresh(f"upload-{number:010}")


async def test_one_of_two_processes_gets_the_lease(
    records: RedisRecords, other: RedisRecords
) -> None:
    upload, token = await created(records)
    await records.end(upload.id, token, NOTHING, "")
    for _ in range(20):
        begun = await asyncio.gather(*(one.begin(upload.id) for one in (records, other)))
        (token,) = [one.token for one in begun if one.token is not None]
        await records.end(upload.id, token, NOTHING, "")


async def test_two_processes_make_one_upload_under_one_key(
    records: RedisRecords, other: RedisRecords
) -> None:
    for number in range(20):
        begun = await asyncio.gather(
            records.create(named(2 * number), lease=True, key=f"{KEY}{number}"),
            other.create(named(2 * number + 1), lease=True, key=f"{KEY}{number}"),
        )
        assert begun[0].upload.id == begun[1].upload.id
        assert sum(one.token is not None for one in begun) == 1


async def test_two_processes_get_one_last_place(records: RedisRecords, other: RedisRecords) -> None:
    for number in range(20):
        batch = f"batch {number}"
        made = await asyncio.gather(
            *(
                one.create(replace(named(10 * number + place), batch=batch), lease=False, most=3)
                for place, one in enumerate((records, other, records, other))
            ),
            return_exceptions=True,
        )
        assert sum(isinstance(one, Begun) for one in made) == 3
        assert sum(isinstance(one, BatchFull) for one in made) == 1


# --- versions -----------------------------------------------------------------------------------


async def test_a_record_of_a_newer_version_is_left_to_processes_that_can_read_it(
    records: RedisRecords, redis_server: RedisServer
) -> None:
    upload, token = await created(records)
    other, _ = await created(records, named(1))
    retired, _ = await created(records, named(2))
    await records.retire(retired.id, Phase.TERMINATED, None)
    for one in (upload, retired):
        redis_server.call("HSET", KEYS.upload(one.id)[0], "schema", "2", "new", "field")
    for call in (
        records.get(upload.id),
        records.begin(upload.id),
        records.commit(upload.id, token, Delta(number=1, added=1)),
        records.end(upload.id, token, NOTHING, ""),
        records.create(upload, lease=True),
        records.restore(upload),
    ):
        with pytest.raises(RecordsUnavailable, match="newer version"):
            await call
    await records.retire(other.id, Phase.TERMINATED, None)
    assert [one.id for one in (await records.due(10)).leftover] == [other.id]


async def test_fields_of_other_versions_are_left_alone(
    records: RedisRecords, redis_server: RedisServer
) -> None:
    upload, token = await created(records)
    redis_server.call("HSET", KEYS.upload(upload.id)[0], "new", "field", "epoch", "another")
    memory_says = replace(upload, offset=4, token=token)
    await records.restore(memory_says)
    begun = await records.begin(upload.id)
    await records.end(upload.id, begun.token or 0, Delta(number=1, added=1), "")
    assert redis_server.call("HGET", KEYS.upload(upload.id)[0], "new") == b"field"
    assert (await records.get(upload.id)).offset == 5
