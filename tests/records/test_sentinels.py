"""Which unknown ids are worth a question to the store: only those that may have been lost."""

import pytest

from support.memories import Remembered
from support.redis_servers import RedisServer
from support.uploads import created, fresh
from tusline.errors import UnknownUpload
from tusline.interfaces import Records
from tusline.records.redis.records import RedisRecords
from tusline.upload import UploadId

NOBODY = UploadId("nobody-0000000000")


async def unknown(records: Records) -> None:
    with pytest.raises(UnknownUpload):
        await records.get(NOBODY)
    with pytest.raises(UnknownUpload):
        await records.begin(NOBODY)
    with pytest.raises(UnknownUpload):
        await records.start_job(NOBODY)


async def test_unknown_ids_are_not_asked_of_the_store_when_nothing_is_missing(
    records: RedisRecords, memory: Remembered
) -> None:
    await unknown(records)
    assert memory.asked == []
    assert await records.gaps() == ""


async def test_after_a_flush_each_unknown_id_is_asked_of_the_store_until_the_gaps_are_closed(
    records: RedisRecords, memory: Remembered, redis_server: RedisServer
) -> None:
    redis_server.call("FLUSHALL")
    await unknown(records)
    assert memory.asked == [NOBODY] * 3
    mark = await records.gaps()
    assert mark
    assert await records.gaps() == mark
    await unknown(records)
    assert await records.close_gaps(mark)
    memory.asked.clear()
    await unknown(records)
    assert (memory.asked, await records.gaps()) == ([], "")


async def test_gaps_stay_open_when_more_gets_lost_before_they_are_closed(
    records: RedisRecords, memory: Remembered, redis_server: RedisServer
) -> None:
    redis_server.call("FLUSHALL")
    mark = await records.gaps()
    redis_server.call("FLUSHALL")
    assert not await records.close_gaps(mark)
    again = await records.gaps()
    assert again not in ("", mark)
    assert not await records.close_gaps(mark)
    assert await records.close_gaps(again)


async def test_a_walk_through_the_store_brings_every_upload_back(
    records: RedisRecords, memory: Remembered, redis_server: RedisServer
) -> None:
    ids = [(await created(records, fresh(f"upload-{number:010}")))[0].id for number in range(5)]
    redis_server.call("FLUSHALL")
    mark = await records.gaps()
    for id in ids:
        await records.get(id)
    assert await records.close_gaps(mark)
    memory.known.clear()
    assert [(await records.get(id)).id for id in ids] == ids
