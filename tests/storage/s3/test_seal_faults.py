"""The end of an upload, whatever the store answers, and whoever is at it as well."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from support.s3_faults import EVER, Fault, Hold, lose_answer, refuse, refuse_after_effect
from support.s3_processes import NotedLedger, Process, content
from support.s3_proxy import S3Proxy
from support.s3_servers import PART
from support.uploads import fresh
from tusline.errors import BytesLost, LeaseLost, StoreUnavailable
from tusline.storage.s3 import names
from tusline.storage.s3.client import Bucket
from tusline.storage.s3.journal import Journal
from tusline.storage.s3.values import BucketOptions, Content, Keys, Multiparts, Part, Stored
from tusline.upload import Delta, Phase, Upload

DATA = hashlib.shake_128(b"seal").digest(3 * PART + 20)


async def in_parts(process: Process) -> Upload:
    """A complete upload that waits for its seal."""
    upload = await process.written(fresh(length=len(DATA)), 1, DATA[:70])
    return await process.written(upload, 2, DATA[70:])


async def in_segments(process: Process) -> Upload:
    """The same, all of whose bytes were verified only after they were stored."""
    writer, ledger = await process.open(fresh(length=len(DATA)), 1)
    ledger.unverified = True
    await writer.write(DATA)
    await writer.flush()
    writer.abandon()
    return ledger.now


@pytest.mark.parametrize(
    "fault",
    [
        lose_answer,
        refuse(200, "InternalError"),
        refuse(500, "InternalError"),
        refuse(503, "SlowDown"),
        refuse_after_effect(500, "InternalError"),
    ],
    ids=["answer lost", "200 with an error", "500", "SlowDown", "done and 500"],
)
@pytest.mark.parametrize("operation", ["CompleteMultipartUpload", "ListParts", "UploadPart"])
async def test_a_call_that_fails_once_does_no_harm(
    process: Process, s3_proxy: S3Proxy, operation: str, fault: Fault
) -> None:
    rule = s3_proxy.play(fault, operation)
    upload = await process.sealed(await in_parts(process))
    assert rule.hits == 1
    assert await content(process.store, upload) == DATA


async def test_segments_become_parts_at_the_end(process: Process, s3_proxy: S3Proxy) -> None:
    upload = await process.sealed(await in_segments(process))
    assert await content(process.store, upload) == DATA
    assert [call.part for call in s3_proxy.calls if call.part] == [1, 2, 3, 4]
    assert await process.store.tidy(replace(upload, phase=Phase.READY)) is False


async def test_a_part_of_a_frozen_writer_that_arrives_after_all_is_not_read(
    process: Process, s3_proxy: S3Proxy
) -> None:
    hold = Hold()
    s3_proxy.play(hold, "UploadPart")
    frozen, ledger = await process.open(fresh(length=len(DATA)), 1)
    await frozen.write(b"\xee" * PART)
    await asyncio.to_thread(hold.arrived.wait)
    upload = await process.written(ledger.now, 2, DATA)
    hold.release()
    await asyncio.to_thread(hold.done.wait)
    recalled = await process.store.recall(upload.id, None)
    assert recalled is not None
    assert recalled.offset == len(DATA)
    assert await content(process.store, await process.sealed(recalled)) == DATA
    frozen.abandon()


async def test_an_end_that_arrives_late_changes_nothing(
    process: Process, s3_proxy: S3Proxy
) -> None:
    hold = Hold()
    s3_proxy.play(hold, "CompleteMultipartUpload")
    upload = await in_parts(process)
    frozen = asyncio.create_task(process.sealed(upload, 5))
    await asyncio.to_thread(hold.arrived.wait)
    sealed = await process.sealed(upload, 6)
    hold.release()
    await frozen
    assert await content(process.store, sealed) == DATA


async def test_a_seal_that_was_overtaken_does_not_take_what_is_cleared_away_for_lost(
    process: Process, bucket: Bucket, tmp_path: Path
) -> None:
    upload = await in_segments(process)
    await process.sealed(upload, 5)
    (tmp_path / "elsewhere").mkdir()
    other = Process(bucket, tmp_path / "elsewhere")  # without local copies
    stale = NotedLedger(upload)
    stale.fence_after(1)
    with pytest.raises(LeaseLost):
        await other.store.seal(upload, 4, stale)
    other.close()


async def test_a_multipart_upload_that_was_aborted_is_a_loss(
    process: Process, bucket: Bucket
) -> None:
    upload = await in_parts(process)
    await abort(bucket, upload)
    with pytest.raises(BytesLost):
        await process.sealed(upload)


async def test_a_writer_learns_that_its_multipart_upload_was_aborted(
    process: Process, s3_proxy: S3Proxy
) -> None:
    upload = await process.written(fresh(length=len(DATA)), 1, DATA[:PART])
    s3_proxy.play(refuse(404, "NoSuchUpload"), "UploadPart", times=EVER)  # moto says 500
    for fenced, expected in ((False, BytesLost), (True, LeaseLost)):
        writer, ledger = await process.open(upload, 2)
        if fenced:
            ledger.fence_after(1)
        await writer.write(DATA[PART : 2 * PART])
        with pytest.raises(expected):
            await writer.flush()
        assert ledger.failure is None if fenced else isinstance(ledger.failure, BytesLost)
        writer.abandon()


async def abort(bucket: Bucket, upload: Upload) -> None:
    """As a lifecycle rule does."""
    multipart = Journal.of(upload).multipart
    assert multipart is not None
    await bucket.abort_multipart(names.large_original(upload.id), multipart.id)


@pytest.mark.parametrize("length", [30, 2 * PART])
async def test_no_seal_ends_an_upload_whose_journal_has_a_gap(
    process: Process, length: int
) -> None:
    writer, ledger = await process.open(fresh(length=1000), 1)
    ledger.unverified = True
    await writer.write(DATA[:20])
    await writer.flush()
    writer.abandon()
    gap = replace(ledger.now, offset=length, length=length)
    with pytest.raises(BytesLost):
        await process.sealed(gap)


@pytest.mark.parametrize("spoil", ["gone", "spoilt"])
async def test_local_copies_that_are_gone_or_spoilt_are_fetched_again(
    process: Process, spoil: str
) -> None:
    upload = await in_segments(process)
    assert list(process.spool.iterdir())
    for path in process.spool.iterdir():
        if spoil == "gone":
            path.unlink()
        else:
            path.write_bytes(bytes(path.stat().st_size))
    assert await content(process.store, await process.sealed(upload)) == DATA


async def test_a_spoilt_copy_of_which_a_piece_is_wanted_is_not_read(
    bucket: Bucket, tmp_path: Path
) -> None:
    large, small = (Process(bucket, tmp_path, least=PART * size) for size in (3, 1))
    upload = await large.written(fresh(length=2 * PART), 1, DATA[:100])
    for path in small.spool.iterdir():
        path.write_bytes(bytes(path.stat().st_size))
    upload = await small.written(upload, 2, DATA[100 : 2 * PART])
    assert await content(small.store, await small.sealed(upload)) == DATA[: 2 * PART]
    large.close()
    small.close()


class OpaqueBucket(Bucket):
    """Its ETags are no MD5s, as those of objects that are encrypted with a customer's key."""

    async def upload_part(self, key: str, upload_id: str, number: int, content: Content) -> Stored:
        stored = await super().upload_part(key, upload_id, number, content)
        return replace(stored, etag=stored.etag[::-1])

    async def list_parts(self, key: str, upload_id: str) -> list[Part]:
        parts = await super().list_parts(key, upload_id)
        return [replace(part, etag=part.etag[::-1]) for part in parts]

    async def complete_multipart(
        self, key: str, upload_id: str, parts: Sequence[tuple[int, str]]
    ) -> str:
        known = [(number, etag[::-1]) for number, etag in parts]
        return (await super().complete_multipart(key, upload_id, known))[::-1]


async def test_etags_may_be_anything(
    options: BucketOptions, tmp_path: Path, s3_proxy: S3Proxy
) -> None:
    bucket = OpaqueBucket(options)
    process = Process(bucket, tmp_path)
    s3_proxy.play(lose_answer, "CompleteMultipartUpload")
    upload = await in_parts(process)
    recalled = await process.store.recall(upload.id, None)
    assert recalled is not None
    assert await content(process.store, await process.sealed(recalled)) == DATA
    process.close()
    bucket.close()


async def test_an_upload_without_bytes_is_sealed_and_recalled(process: Process) -> None:
    upload = fresh(length=0)
    await process.store.remember(upload)
    sealed = await process.sealed(upload)
    assert await content(process.store, sealed) == b""
    recalled = await process.store.recall(upload.id, None)
    assert recalled is not None
    assert (recalled.offset, recalled.complete, recalled.head) == (0, True, b"")


async def test_the_length_of_an_upload_that_is_being_sealed_is_not_lost(
    process: Process, s3_proxy: S3Proxy
) -> None:
    upload = await process.written(fresh(length=None), 1, DATA)
    upload = replace(upload.grown(Delta(length=len(DATA))), deferred=True)
    s3_proxy.play(refuse(400, "InvalidRequest"), "CompleteMultipartUpload")
    with pytest.raises(StoreUnavailable):
        await process.sealed(upload)
    recalled = await process.store.recall(upload.id, None)
    assert recalled is not None
    assert recalled.complete
    assert await content(process.store, await process.sealed(recalled)) == DATA


class Paged(Bucket):
    """Its listings come two at a time."""

    async def keys(self, prefix: str = "", *, after: str = "", limit: int = 2) -> Keys:
        return await super().keys(prefix, after=after, limit=2)

    async def multiparts(self, prefix: str = "", *, after: str = "", limit: int = 2) -> Multiparts:
        return await super().multiparts(prefix, after=after, limit=2)


async def test_everything_of_an_upload_goes_however_many_pages_it_fills(
    options: BucketOptions, tmp_path: Path
) -> None:
    bucket = Paged(options)
    process = Process(bucket, tmp_path)
    upload = await in_segments(process)
    await process.store.remember(upload)
    for _ in range(5):
        await bucket.create_multipart(names.large_original(upload.id))
    await process.store.discard(upload)
    assert (await bucket.keys()).found == ()
    assert (await bucket.multiparts()).found == ()
    process.close()
    bucket.close()
