"""Calls of a store that fails: tried again while that may help, counted, bounded in time."""

import asyncio
import random
from collections.abc import AsyncIterator, Generator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from support.s3_faults import (
    EVER,
    Fault,
    Hold,
    cut_answer,
    cut_body,
    lose_answer,
    refuse,
    refuse_after_effect,
)
from support.s3_proxy import S3Proxy
from support.waiting import until
from tusline.errors import StoreUnavailable
from tusline.storage.s3 import attempts
from tusline.storage.s3.client import Bucket
from tusline.storage.s3.faults import Refused
from tusline.storage.s3.values import BucketOptions, FileSlice

DATA = random.Random(7).randbytes(900_000)

PASSING: dict[str, Fault] = {
    "500": refuse(500, "InternalError"),
    "slow down": refuse(503, "SlowDown"),
    "too many": refuse(429, "TooManyRequests"),
    "request timeout": refuse(400, "RequestTimeout"),
    "spoilt on the way": refuse(400, "BadDigest"),
    "500 after the effect": refuse_after_effect(500, "InternalError"),
    "the answer lost": lose_answer,
    "the body cut off": cut_body(100_000),
}

ENDINGS: dict[str, Fault] = {
    "200 and an error": refuse(200, "InternalError"),
    "200 and an error after the effect": refuse_after_effect(200, "InternalError"),
    "the answer lost": lose_answer,
}


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "FIRST_PAUSE", 0.01)


@pytest.fixture
def hasty(options: BucketOptions) -> Generator[Bucket]:
    """One thread, which waits for no answer for longer than a moment."""
    opened = Bucket(replace(options, threads=1, silence=0.3, total=1, long=20))
    yield opened
    opened.close()


async def rest(stream: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in stream])


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
async def test_what_fails_for_a_passing_reason_is_done_again_from_its_beginning(
    bucket: Bucket, s3_proxy: S3Proxy, tmp_path: Path, fault: Fault
) -> None:
    path = tmp_path / "file"
    path.write_bytes(DATA)
    s3_proxy.play(fault, "PutObject", times=2)
    await bucket.put("a", [b"head", FileSlice(path=path, start=0, size=len(DATA))])
    assert s3_proxy.counts()["PutObject"] == 3
    assert await bucket.get("a") == b"head" + DATA


@pytest.mark.parametrize("fault", ENDINGS.values(), ids=ENDINGS)
async def test_an_error_inside_a_200_is_an_error(
    bucket: Bucket, s3_proxy: S3Proxy, fault: Fault
) -> None:
    await bucket.put("source", DATA)
    s3_proxy.play(fault, "UploadPartCopy")
    s3_proxy.play(fault, "CompleteMultipartUpload")
    id = await bucket.create_multipart("a")
    etag = await bucket.upload_part_copy("a", id, 1, source="source", start=0, stop=len(DATA))
    await bucket.complete_multipart("a", id, [(1, etag)])
    assert await bucket.get("a") == DATA
    counts = s3_proxy.counts()
    assert (counts["UploadPartCopy"], counts["CompleteMultipartUpload"]) == (2, 2)


async def test_an_end_that_fails_each_time_is_told_and_makes_no_object(
    bucket: Bucket, s3_proxy: S3Proxy
) -> None:
    s3_proxy.play(refuse(200, "InternalError"), "CompleteMultipartUpload", times=EVER)
    id = await bucket.create_multipart("a")
    part = await bucket.upload_part("a", id, 1, DATA)
    with pytest.raises(StoreUnavailable, match="InternalError"):
        await bucket.complete_multipart("a", id, [(1, part.etag)])
    assert s3_proxy.counts()["CompleteMultipartUpload"] == 4
    assert await bucket.head("a") is None


@pytest.mark.parametrize("at", [0, 300_000, len(DATA) - 1])
async def test_an_answer_that_breaks_off_is_read_on_behind_what_came(
    bucket: Bucket, s3_proxy: S3Proxy, tmp_path: Path, at: int
) -> None:
    await bucket.put("a", DATA)
    s3_proxy.play(cut_answer(at), "GetObject")
    assert await rest(bucket.stream("a")) == DATA
    s3_proxy.play(cut_answer(at), "GetObject")
    assert await bucket.download("a", tmp_path / "file") == len(DATA)
    assert (tmp_path / "file").read_bytes() == DATA
    s3_proxy.play(cut_answer(at), "GetObject")
    assert await bucket.get("a") == DATA
    assert s3_proxy.counts()["GetObject"] == 6


async def test_two_objects_are_never_read_as_one(bucket: Bucket, s3_proxy: S3Proxy) -> None:
    await bucket.put("a", DATA)
    s3_proxy.play(cut_answer(300_000), "GetObject")
    stream = bucket.stream("a")
    assert await anext(stream) == DATA[: 256 * 1024]
    await bucket.put("a", DATA[::-1])
    with pytest.raises(Refused):
        await rest(stream)


async def test_attempts_are_counted(bucket: Bucket, s3_proxy: S3Proxy) -> None:
    s3_proxy.play(refuse(503, "SlowDown"), "PutObject", times=EVER)
    with pytest.raises(StoreUnavailable, match="SlowDown"):
        await bucket.put("a", DATA)
    assert s3_proxy.counts()["PutObject"] == 4


async def test_an_attempt_without_an_answer_is_given_up_and_may_have_its_effect_late(
    hasty: Bucket, s3_proxy: S3Proxy
) -> None:
    hold = Hold()
    s3_proxy.play(hold, "PutObject")
    await hasty.put("a", b"older")
    await hasty.put("a", b"newer")
    hold.release()
    assert await asyncio.to_thread(hold.done.wait, 10)
    assert await hasty.get("a") == b"older"


async def test_a_store_that_never_answers_is_waited_for_no_longer_than_is_set(
    hasty: Bucket, s3_proxy: S3Proxy
) -> None:
    s3_proxy.play(Hold(), "PutObject", times=EVER)
    async with asyncio.timeout(5):
        with pytest.raises(StoreUnavailable, match=r"PutObject in 1 s: .*timed out"):
            await hasty.put("a", DATA)
        s3_proxy.heal()
        await hasty.put("a", DATA)  # in the same thread


async def test_a_caller_who_leaves_takes_its_attempts_along(
    hasty: Bucket, s3_proxy: S3Proxy
) -> None:
    hold = Hold()
    s3_proxy.play(hold, "PutObject")
    left = asyncio.ensure_future(hasty.put("left", DATA))
    queued = asyncio.ensure_future(hasty.put("queued", DATA))
    assert await asyncio.to_thread(hold.arrived.wait, 10)
    left.cancel()
    queued.cancel()
    await asyncio.gather(left, queued, return_exceptions=True)
    async with asyncio.timeout(5):
        await hasty.put("next", DATA)
    assert [call.key[-4:] for call in s3_proxy.calls] == ["left", "next"]


async def test_a_body_that_goes_too_slowly_is_given_up_in_the_middle(
    hasty: Bucket, s3_proxy: S3Proxy
) -> None:
    s3_proxy.slow(rate=1_000_000)
    with pytest.raises(StoreUnavailable):
        await hasty.put("large", bytes(16_000_000))
    async with asyncio.timeout(6):  # the rest would take longer, and there is one thread
        while True:
            with suppress(StoreUnavailable):
                await hasty.put("small", b"")
                return


async def test_a_body_whose_caller_leaves_is_given_up_in_the_middle(
    options: BucketOptions, s3_proxy: S3Proxy
) -> None:
    bucket = Bucket(replace(options, threads=1))
    s3_proxy.slow(rate=1_000_000)
    large = asyncio.ensure_future(bucket.put("large", bytes(16_000_000)))
    await asyncio.to_thread(until, lambda: bool(s3_proxy.calls), "a request")
    large.cancel()
    async with asyncio.timeout(6):  # the rest would take longer
        await bucket.put("small", b"")
    bucket.close()


async def test_a_store_that_copies_slowly_does_not_keep_bytes_from_being_stored(
    hasty: Bucket, s3_proxy: S3Proxy
) -> None:
    await hasty.put("source", DATA)
    id = await hasty.create_multipart("a")
    hold = Hold()
    s3_proxy.play(hold, "UploadPartCopy")
    copy = asyncio.ensure_future(
        hasty.upload_part_copy("a", id, 1, source="source", start=0, stop=5)
    )
    assert await asyncio.to_thread(hold.arrived.wait, 10)
    await hasty.put("b", DATA)
    hold.release()
    assert await copy
