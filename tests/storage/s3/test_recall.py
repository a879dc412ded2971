"""Whatever freezes, arrives late or is lost: no acknowledged byte is missing, none is wrong."""

import os
import random
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.lossy import History, LateBucket, bytes_of
from support.s3_servers import PART, S3Server
from support.stores import s3_store
from tusline.interfaces import BlobStore

SEED = int(os.environ.get("SEED") or random.randrange(10**6))


class Host:
    """Starts processes, each with a bucket and a store of its own; they share a spool. One that is
    not frozen serves as the next one, too: a client of boto3 takes long to make."""

    def __init__(self, server: S3Server, folder: Path) -> None:
        self._options = server.options(server.make_bucket(), attempts=1)
        self._folder = folder
        self._stack = ExitStack()
        self._last: tuple[LateBucket, BlobStore] | None = None

    def new_process(self) -> tuple[LateBucket, BlobStore]:
        if self._last is not None and not self._last[0].used_up:
            return self._last
        bucket = LateBucket(self._options)
        self._stack.callback(bucket.close)
        store = self._stack.enter_context(s3_store(bucket, self._folder, least=PART))
        self._last = bucket, store
        return self._last

    def close(self) -> None:
        self._stack.close()


@pytest.fixture
def host(s3: S3Server, tmp_path: Path) -> Generator[Host]:
    host = Host(s3, tmp_path)
    yield host
    host.close()


async def run(host: Host, seed: int) -> int:
    """How often the records were lost. Raises when a byte is missing or wrong."""
    choice = random.Random(seed)
    data = bytes_of(choice)
    history = History(choice=choice, data=data, new_process=host.new_process)
    try:
        assert await history.run() == data, f"SEED={seed}"
    finally:
        await history.end()
    return history.losses


@pytest.mark.parametrize("number", range(12))
async def test_every_byte_arrives_whatever_is_lost(host: Host, number: int) -> None:
    await run(host, SEED + number)


@pytest.mark.soak
@pytest.mark.timeout(3000)
async def test_every_byte_arrives_in_hundreds_of_histories(s3: S3Server, tmp_path: Path) -> None:
    losses = 0
    for seed in range(SEED, SEED + 500):
        host = Host(s3, tmp_path)
        try:
            losses += await run(host, seed)
        finally:
            host.close()
    print(f"\nseed {SEED}: 500 uploads, records lost {losses} times, no byte missing or wrong")
