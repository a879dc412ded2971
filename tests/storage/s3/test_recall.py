"""Whatever freezes, arrives late or is lost: no acknowledged byte is missing, none is wrong."""

import os
import random
import secrets
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from support.late import LateBucket
from support.lossy import History, bytes_of
from support.redis_servers import RedisServer
from support.s3_servers import PART, S3Server
from support.stores import s3_store
from tusline.interfaces import BlobStore
from tusline.redis.client import Redis
from tusline.redis.keys import SHARDS, Keys
from tusline.storage.s3.redis_tail import RedisTail
from tusline.storage.s3.tail import Tail
from tusline.storage.s3.values import BucketOptions

ROOM = 300 * SHARDS
"""Bytes that tails may have: some of an upload find room."""

SEED = int(os.environ.get("SEED") or random.randrange(10**6))


class Host:
    """Starts processes, each with a bucket and a store of its own; they share a spool. One that is
    not frozen serves as the next one, too: a client of boto3 takes long to make."""

    def __init__(self, options: BucketOptions, folder: Path, tail: Tail | None = None) -> None:
        self._options = options
        self._tail = tail
        self._folder = folder
        self._stack = ExitStack()
        self._last: tuple[LateBucket, BlobStore] | None = None

    def new_process(self) -> tuple[LateBucket, BlobStore]:
        if self._last is not None and not self._last[0].used_up:
            return self._last
        bucket = LateBucket(self._options)
        self._stack.callback(bucket.close)
        store = self._stack.enter_context(
            s3_store(bucket, self._folder, least=PART, tail=self._tail)
        )
        self._last = bucket, store
        return self._last

    def close(self) -> None:
        self._stack.close()


@pytest.fixture
def direct(s3: S3Server, s3_bucket: str) -> BucketOptions:
    return s3.options(s3_bucket, attempts=1)


@contextmanager
def opened(options: BucketOptions, folder: Path, tail: Tail | None = None) -> Generator[Host]:
    """A host, with a place in the bucket of its own."""
    host = Host(replace(options, prefix=f"{secrets.token_hex(4)}/"), folder, tail)
    try:
        yield host
    finally:
        host.close()


async def run(
    host: Host, seed: int, lose_tail: Callable[[], None] | None = None, *, most: int = 600
) -> int:
    """How often the records were lost. Raises when a byte is missing or wrong."""
    choice = random.Random(seed)
    data = bytes_of(choice, most)
    history = History(choice=choice, data=data, new_process=host.new_process, lose_tail=lose_tail)
    try:
        assert await history.run() == data
    except BaseException as error:
        error.add_note(f"SEED={seed}")
        raise
    finally:
        await history.end()
    return history.losses


@pytest.mark.parametrize("number", range(6))
async def test_every_byte_arrives_whatever_is_lost(
    direct: BucketOptions, tmp_path: Path, number: int
) -> None:
    with opened(direct, tmp_path) as host:
        await run(host, SEED + number)


@pytest.mark.parametrize("number", range(2))
async def test_no_wrong_byte_arrives_where_redis_loses_its_tails(
    direct: BucketOptions, tmp_path: Path, redis: Redis, redis_server: RedisServer, number: int
) -> None:
    tail = RedisTail(redis, Keys("tusline"), ROOM)
    with opened(direct, tmp_path, tail) as host:
        await run(host, SEED + number, lambda: redis_server.call("FLUSHALL"))


@pytest.mark.soak
@pytest.mark.timeout(3000)
async def test_every_byte_arrives_in_hundreds_of_histories(
    direct: BucketOptions, tmp_path: Path, redis: Redis, redis_server: RedisServer
) -> None:
    tail, losses = RedisTail(redis, Keys("tusline"), ROOM), 0
    for seed in range(SEED, SEED + 250):
        with opened(direct, tmp_path) as host:
            losses += await run(host, seed, most=1500)
        with opened(direct, tmp_path, tail) as host:
            losses += await run(host, seed, lambda: redis_server.call("FLUSHALL"), most=1500)
    print(f"\nseed {SEED}: 500 uploads, records lost {losses} times, no byte missing or wrong")
