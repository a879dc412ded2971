"""Bytes that are too few for a part, kept in Redis instead."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest

from support.redis_servers import RedisServer
from support.s3_processes import Process, content
from support.s3_proxy import S3Proxy
from support.s3_servers import PART
from support.uploads import fresh
from tusline.errors import BytesLost, LeaseLost
from tusline.redis.client import Redis
from tusline.redis.keys import SHARDS, Keys
from tusline.storage.s3.client import Bucket
from tusline.storage.s3.journal import SEGMENT, TAIL, Journal
from tusline.storage.s3.redis_tail import RedisTail
from tusline.upload import Phase, Upload

DATA = hashlib.shake_128(b"tail").digest(4 * PART)
SHARE = 100
KEYS = Keys("tusline")


@pytest.fixture
def tail(redis: Redis) -> RedisTail:
    return RedisTail(redis, KEYS, SHARE * SHARDS)


@pytest.fixture
def process(bucket: Bucket, tmp_path: Path, tail: RedisTail) -> Generator[Process]:
    opened = Process(bucket, tmp_path, tail=tail)
    yield opened
    opened.close()


def counted(server: RedisServer, id: str = "upload-0000000000") -> int:
    """Bytes that the tails of an upload's shard are said to have, which is so."""
    key, total = KEYS.tail(id)
    stored = sum(map(len, server.call("HVALS", key)))
    assert stored == int(server.call("GET", total) or 0)
    return stored


def kinds(upload: Upload) -> list[str]:
    return [segment.kind for segment in Journal.of(upload).segments]


async def test_a_shard_keeps_so_many_bytes_and_counts_them(
    tail: RedisTail, redis_server: RedisServer
) -> None:
    id = fresh().id
    assert await tail.put(id, "one", [bytes(60), bytes(30)])
    assert await tail.put(id, "one", [bytes(90)]), "it is kept already"
    assert not await tail.put(id, "two", [bytes(11)])
    assert await tail.put(id, "three", [bytes(10)])
    assert not await tail.put(fresh("other-00000000000").id, "big", [bytes(SHARE + 1)])
    assert (counted(redis_server), sorted(await tail.names(id))) == (100, ["one", "three"])
    await tail.drop(id, ["one", "one", "none"])
    assert (counted(redis_server), await tail.get(id, "one")) == (10, None)
    assert await tail.get(id, "three") == bytes(10)
    assert await tail.clear(id)
    assert not await tail.clear(id)
    assert counted(redis_server) == 0


async def test_small_requests_cost_the_bucket_nothing_until_there_is_a_part(
    process: Process, s3_proxy: S3Proxy, redis_server: RedisServer
) -> None:
    upload = fresh(length=len(DATA))
    for token, at in enumerate(range(0, 60, 20), 1):
        upload = await process.written(upload, token, DATA[at : at + 20])
    assert (kinds(upload), s3_proxy.counts()) == ([TAIL] * 3, Counter())
    assert counted(redis_server) == 60


async def test_what_finds_no_room_becomes_a_segment(
    process: Process, redis_server: RedisServer
) -> None:
    writer, ledger = await process.open(fresh(length=len(DATA)), 1)
    ledger.unverified = True
    await writer.write(DATA[: 3 * PART])
    await writer.flush()
    writer.abandon()
    assert sorted(kinds(ledger.now)) == [SEGMENT, SEGMENT, TAIL]
    upload = await process.written(ledger.now, 2, DATA[3 * PART :])
    assert await content(process.store, await process.sealed(upload)) == DATA
    assert counted(redis_server) == 0


async def test_a_tail_goes_when_the_journal_names_the_part(
    process: Process, redis_server: RedisServer
) -> None:
    upload = await process.written(fresh(length=len(DATA)), 1, DATA[:40])
    writer, ledger = await process.open(upload, 2)
    await writer.write(DATA[40 : PART + 10])
    await writer.flush()
    async with asyncio.timeout(10):
        while counted(redis_server) > 10:
            await asyncio.sleep(0)
    writer.abandon()
    assert [segment.name.offset for segment in ledger.journal.segments] == [PART]


@pytest.mark.parametrize("length", [PART, None], ids=["complete", "length unknown"])
async def test_a_tail_stays_where_the_part_may_not_count(
    process: Process, redis_server: RedisServer, length: int | None
) -> None:
    upload = await process.written(fresh(length=length), 1, DATA[:40])
    writer, _ = await process.open(upload, 2)
    await writer.write(DATA[40:PART])  # told, and held back by its session
    await writer.flush()
    writer.abandon()
    again = await process.written(upload, 3, DATA[40:PART])
    assert (
        await content(process.store, await process.sealed(replace(again, length=PART)))
        == (DATA[:PART])
    )
    assert counted(redis_server) == 0


@pytest.mark.parametrize("end", ["discard", "tidy"])
async def test_nothing_stays_of_an_upload_that_ended(
    process: Process, redis_server: RedisServer, end: str
) -> None:
    upload = await process.written(fresh(length=len(DATA)), 1, DATA[:40])
    if end == "discard":
        await process.store.discard(upload)
    else:
        ready = replace(upload, phase=Phase.READY)
        assert await process.store.tidy(ready)
        assert not await process.store.tidy(ready)
    assert counted(redis_server) == 0


async def test_a_tail_that_redis_lost_takes_only_its_own_bytes_along(
    process: Process, redis_server: RedisServer
) -> None:
    upload = fresh(length=len(DATA))
    await process.store.remember(upload)
    upload = await process.written(upload, 1, DATA[: PART + 10])
    upload = await process.written(upload, 2, DATA[PART + 10 : PART + 20])
    known = await process.store.recall(upload.id, upload)  # its manifest names the tail
    assert known is not None
    assert (known.offset, kinds(known)) == (PART + 20, [TAIL, TAIL])
    redis_server.call("FLUSHALL")
    for memory in (upload, known, None):
        recalled = await process.store.recall(upload.id, memory)
        assert recalled is not None
        assert (recalled.offset, kinds(recalled)) == (PART, [])
        assert recalled.head == DATA[:64]
    assert recalled is not None
    again = await process.written(recalled, recalled.token + 1, DATA[PART:])
    assert await content(process.store, await process.sealed(again)) == DATA


async def test_a_writer_that_was_overtaken_does_not_take_a_dropped_tail_for_lost(
    process: Process, redis_server: RedisServer
) -> None:
    upload = await process.written(fresh(length=len(DATA)), 1, DATA[:40])
    redis_server.call("FLUSHALL")  # as its successor has it, once there is a part
    for fenced, expected in ((True, LeaseLost), (False, BytesLost)):
        writer, ledger = await process.open(upload, 2)
        if fenced:
            ledger.fence_after(1)
        await writer.write(DATA[40:PART])
        with pytest.raises(expected):
            await writer.flush()
        writer.abandon()


async def test_tails_are_read_where_new_ones_are_not_made_any_more(
    process: Process, bucket: Bucket, tmp_path: Path, redis: Redis
) -> None:
    upload = await process.written(fresh(length=len(DATA)), 1, DATA[:40])
    other = Process(bucket, tmp_path, tail=RedisTail(redis, KEYS, 0))
    upload = await other.written(upload, 2, DATA[40:50])
    assert kinds(upload) == [TAIL, SEGMENT]
    upload = await other.written(upload, 3, DATA[50:])
    assert await content(other.store, await other.sealed(upload)) == DATA
    other.close()
