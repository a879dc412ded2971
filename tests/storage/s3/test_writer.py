"""A writer on S3: what becomes durable when, and what it costs."""

import asyncio
import hashlib
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from support.s3_faults import EVER, of_part, refuse
from support.s3_processes import Process, content
from support.s3_proxy import S3Proxy
from support.s3_servers import PART
from support.uploads import fresh
from tusline.errors import BytesLost, LeaseLost, StoreUnavailable
from tusline.storage.s3.client import Bucket
from tusline.storage.s3.journal import Journal
from tusline.upload import Delta

DATA = hashlib.shake_128(b"writer").digest(10 * PART)


async def test_what_is_too_little_for_a_part_is_stored_while_the_client_is_silent(
    bucket: Bucket, tmp_path: Path
) -> None:
    process = Process(bucket, tmp_path, seconds=0.05)
    writer, ledger = await process.open(fresh(length=1000), 1)
    await writer.write(DATA[:10])
    await ledger.until(lambda: ledger.now.offset == 10)
    await writer.write(DATA[10:30])
    await ledger.until(lambda: ledger.now.offset == 30)
    assert [segment.name.size for segment in ledger.journal.segments] == [10, 20]
    writer.abandon()
    process.close()


async def test_a_full_part_is_stored_while_the_client_is_silent(process: Process) -> None:
    writer, ledger = await process.open(fresh(length=1000), 1)
    await writer.write(DATA[: PART + 10])
    await ledger.until(lambda: ledger.now.offset == PART)
    assert [(part.number, part.size) for part in ledger.journal.parts] == [(1, PART)]
    assert ledger.journal.opened == ()
    writer.abandon()


async def test_a_small_upload_in_one_request_costs_its_manifest_and_one_object(
    process: Process, s3_proxy: S3Proxy
) -> None:
    upload = fresh(length=PART - 1)
    await process.store.remember(upload)
    upload = await process.written(upload, 1, DATA[:20], DATA[20 : PART - 1])
    upload = await process.sealed(upload)
    assert s3_proxy.counts() == Counter(PutObject=2)
    assert await content(process.store, upload) == DATA[: PART - 1]


async def test_a_second_flush_stores_nothing(process: Process, s3_proxy: S3Proxy) -> None:
    writer, ledger = await process.open(fresh(length=20), 1)
    await writer.write(DATA[:20])
    await writer.flush()
    await writer.flush()
    writer.abandon()
    assert s3_proxy.counts() == Counter(PutObject=1)
    assert ledger.journal.original is not None
    assert ledger.journal.original.size == 20


async def test_numbers_of_a_writer_that_failed_are_never_used_again(
    process: Process, s3_proxy: S3Proxy
) -> None:
    s3_proxy.play(refuse(400, "InvalidRequest"), "UploadPart")
    writer, ledger = await process.open(fresh(length=1000), 1)
    await writer.write(DATA[:PART])
    with pytest.raises(StoreUnavailable):
        await writer.flush()
    writer.abandon()
    assert (ledger.now.offset, len(ledger.journal.opened)) == (0, 1)
    upload = await process.written(ledger.now, 2, DATA[: 3 * PART])
    numbers = [call.part for call in s3_proxy.calls if call.operation == "UploadPart"]
    assert len(numbers) == len(set(numbers)) == 4
    assert [part.number for part in Journal.of(upload).parts] == sorted(numbers)[1:]


async def test_a_part_that_fails_ends_the_request_and_nothing_behind_it_is_told(
    process: Process, s3_proxy: S3Proxy, bucket: Bucket
) -> None:
    s3_proxy.play(of_part(2, refuse(400, "InvalidRequest")), "UploadPart", times=EVER)
    writer, ledger = await process.open(fresh(length=1000), 1)
    await writer.write(DATA[: 3 * PART])
    await ledger.until(lambda: ledger.failure is not None)
    while not any(call.part == 3 and call.status == 200 for call in s3_proxy.calls):
        await asyncio.sleep(0)
    await bucket.put("later", b"")  # by then its answer was heard
    with pytest.raises(StoreUnavailable):
        await writer.write(DATA[:10])
    with pytest.raises(StoreUnavailable):
        await writer.flush()
    writer.abandon()
    assert ledger.now.offset == PART
    assert [part.number for part in ledger.journal.parts] == [1]


async def test_nothing_is_stored_behind_a_part_whose_number_is_not_journalled(
    process: Process, s3_proxy: S3Proxy, bucket: Bucket
) -> None:
    writer, ledger = await process.open(fresh(length=1000), 1)
    await writer.write(DATA[:PART])
    await ledger.until(lambda: ledger.now.offset == PART)
    s3_proxy.calls.clear()
    ledger.hesitant.clear()
    await writer.write(DATA[: PART + 10])
    writer.store()
    for name in ("one", "two"):  # while this takes place, it could be
        await bucket.put(name, b"")
    ledger.fenced = True
    ledger.hesitant.set()
    with pytest.raises(LeaseLost):
        await writer.flush()
    writer.abandon()
    assert [call.key.rpartition("/")[2] for call in s3_proxy.calls] == ["one", "two"]


async def test_a_part_is_not_made_of_fewer_bytes_than_it_has(process: Process) -> None:
    upload = await process.written(fresh(length=1000), 1, DATA[:20])
    gap = replace(upload, offset=30)  # as no journal should ever be
    writer, _ = await process.open(gap, 2)
    await writer.write(DATA[30:PART])
    with pytest.raises(BytesLost):
        await writer.flush()
    writer.abandon()


async def test_bytes_that_may_be_taken_back_become_parts_when_they_count(
    process: Process, s3_proxy: S3Proxy
) -> None:
    writer, ledger = await process.open(fresh(length=4 * PART), 1)
    ledger.unverified = True
    await writer.write(DATA[: 3 * PART + 5])
    await writer.flush()
    writer.abandon()
    assert s3_proxy.counts() == Counter(PutObject=4)
    assert all(segment.name.unverified for segment in ledger.journal.segments)

    writer, later = await process.open(ledger.now, 2)
    later.unverified = True  # of this one, too, what is new may be taken back
    await writer.write(DATA[3 * PART + 5 : 4 * PART])
    await writer.flush()
    writer.abandon()
    assert [part.end for part in later.journal.parts] == [PART, 2 * PART, 3 * PART]
    assert [segment.name.offset for segment in later.journal.segments] == [3 * PART, 3 * PART + 5]
    assert await content(process.store, await process.sealed(later.now)) == DATA[: 4 * PART]


async def test_parts_of_another_size_may_be_set_between_two_requests(
    bucket: Bucket, tmp_path: Path
) -> None:
    large, small = (Process(bucket, tmp_path, least=PART * size) for size in (3, 1))
    upload = await large.written(fresh(length=400), 1, DATA[:100])
    upload = await small.written(upload, 2, DATA[100:150])
    assert [part.size for part in Journal.of(upload).parts] == [PART, PART]
    upload = await large.written(upload, 3, DATA[150:400])
    assert {part.size for part in Journal.of(upload).parts[:-1]} == {PART}
    assert await content(large.store, await large.sealed(upload)) == DATA[:400]
    for process in (large, small):
        process.close()


async def test_an_upload_gets_its_length_in_the_end(process: Process) -> None:
    upload = fresh(length=None)
    for token, (start, stop) in enumerate([(0, 10), (10, 150), (150, 2 * PART + 40)], 1):
        upload = await process.written(upload, token, DATA[start:stop])
    upload = upload.grown(Delta(length=upload.offset))
    sealed = await process.sealed(upload)
    assert await content(process.store, sealed) == DATA[: upload.offset]
