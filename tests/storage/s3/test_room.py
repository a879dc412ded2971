"""The budget of buffered bytes: who waits, who stores early, and that each byte is given back."""

import asyncio
import hashlib
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from support.s3_faults import EVER, Hold, lose_answer
from support.s3_processes import Process
from support.s3_proxy import S3Proxy
from support.s3_servers import PART, S3Server
from support.uploads import fresh
from tusline.errors import LeaseLost, StoreUnavailable
from tusline.storage.s3.client import Bucket
from tusline.storage.s3.pressure import AT_ONCE, WORTH, Pressure
from tusline.storage.s3.values import BucketOptions

KIB = 1024
DATA = hashlib.shake_128(b"room").digest(6 * PART)


async def test_the_largest_buffers_are_stored_when_room_runs_short(
    bucket: Bucket, tmp_path: Path
) -> None:
    process = Process(bucket, tmp_path, least=1024 * KIB, budget=512 * KIB)
    sizes = {"large-00000000000": 300, "middle-0000000000": 100, "small-00000000000": 60}
    opened = {id: await process.open(fresh(id, length=10_000_000), 1) for id in sizes}
    for id, size in sizes.items():
        await opened[id][0].write(bytes(size * KIB))
    large, middle, small = (ledger for _, ledger in opened.values())
    await large.until(lambda: large.now.offset == 300 * KIB)
    await middle.until(lambda: middle.now.offset == 100 * KIB)
    assert (process.budget.used, small.now.offset) == (60 * KIB, 0)
    for writer, _ in opened.values():
        writer.abandon()
    assert process.budget.used == 0
    process.close()


def test_not_all_writers_are_asked_at_once_but_those_with_most_bytes() -> None:
    asked: list[int] = []

    class Waiting:
        def __init__(self, waiting: int) -> None:
            self.waiting = waiting

        def store(self) -> None:
            asked.append(self.waiting)

    pressure = Pressure()
    for number in range(AT_ONCE + 5):
        pressure.add(Waiting(WORTH + number * 7 % 19))
    pressure.add(Waiting(WORTH - 1))
    pressure.relieve()
    assert len(asked) == AT_ONCE
    assert min(asked) > WORTH
    assert asked == sorted(asked, reverse=True)


async def test_a_write_that_waits_for_room_goes_on_when_the_request_is_to_end(
    bucket: Bucket, tmp_path: Path, s3_proxy: S3Proxy
) -> None:
    process, hold = Process(bucket, tmp_path, budget=50), Hold()
    s3_proxy.play(hold, "PutObject")
    first, told = await process.open(fresh("first-00000000000", length=1000), 1)
    await first.write(DATA[:50])
    flushing = asyncio.create_task(first.flush())
    second, ledger = await process.open(fresh("second-0000000000", length=1000), 1)
    waiting = asyncio.create_task(second.write(DATA[:40]))
    await asyncio.to_thread(hold.arrived.wait)
    assert (process.budget.waiting, waiting.done()) == (1, False)
    ledger.ending.set()
    await waiting
    hold.release()
    await flushing
    await second.flush()
    assert (told.now.offset, ledger.now.offset, process.budget.used) == (50, 40, 0)
    first.abandon()
    second.abandon()
    process.close()


async def test_an_abandoned_writer_tells_nothing_more_and_gives_its_bytes_back(
    bucket: Bucket, tmp_path: Path, s3_proxy: S3Proxy
) -> None:
    process, hold = Process(bucket, tmp_path), Hold()
    s3_proxy.play(hold, "UploadPart")
    writer, ledger = await process.open(fresh(length=1000), 1)
    await writer.write(DATA[: PART + 7])
    await asyncio.to_thread(hold.arrived.wait)
    told = ledger.told
    writer.abandon()
    hold.release()
    await asyncio.to_thread(hold.done.wait)
    await asyncio.sleep(0)
    assert (ledger.told, ledger.failure, process.budget.used) == (told, None, 0)
    process.close()


async def test_work_that_never_began_gives_its_bytes_back(bucket: Bucket, tmp_path: Path) -> None:
    process = Process(bucket, tmp_path)
    writer, _ = await process.open(fresh(length=1000), 1)
    await writer.write(DATA[: PART + 7])
    writer.store()  # as another writer's need has it
    writer.abandon()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert process.budget.used == 0
    process.close()


@pytest.mark.parametrize("turns", [0, 1, 2, 3, 5, 8, 13, 40, 100, 1000])
async def test_a_cancelled_request_gives_its_bytes_back_wherever_it_is(
    s3: S3Server, s3_bucket: str, tmp_path: Path, turns: int
) -> None:
    bucket = Bucket(s3.options(s3_bucket))
    process = Process(bucket, tmp_path, budget=3 * PART)

    async def request() -> None:
        writer, _ = await process.open(fresh(length=len(DATA)), 1)
        try:
            for at in range(0, len(DATA), 50):
                await writer.write(DATA[at : at + 50])
            await writer.flush()
        finally:
            writer.abandon()

    task = asyncio.create_task(request())
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    for _ in range(3):
        await asyncio.sleep(0)
    assert process.budget.used == 0
    process.close()
    bucket.close()


@pytest.mark.parametrize("fenced", [False, True])
async def test_a_request_that_fails_gives_its_bytes_back(
    options: BucketOptions, tmp_path: Path, s3_proxy: S3Proxy, *, fenced: bool
) -> None:
    bucket = Bucket(replace(options, attempts=1))
    process = Process(bucket, tmp_path)
    s3_proxy.play(lose_answer, "UploadPart", times=EVER)
    writer, ledger = await process.open(fresh(length=len(DATA)), 1)
    ledger.fenced = fenced

    async def request() -> None:
        for at in range(0, len(DATA), 50):
            await writer.write(DATA[at : at + 50])
        await writer.flush()

    with pytest.raises(LeaseLost if fenced else StoreUnavailable):
        await request()
    writer.abandon()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert (ledger.told.added, process.budget.used) == (0, 0)
    process.close()
    bucket.close()
