"""Final uploads on S3: what is copied within the store, what is not, and who may be gone."""

import hashlib
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from support.blobs import final_of
from support.s3_faults import refuse
from support.s3_processes import NotedLedger, Process, content
from support.s3_proxy import S3Proxy
from support.s3_servers import PART
from support.uploads import fresh
from tusline.errors import LeaseLost, MemberLost, StoreUnavailable
from tusline.redis.client import Redis
from tusline.redis.keys import SHARDS, Keys
from tusline.storage.s3.client import Bucket
from tusline.storage.s3.journal import SEGMENT, TAIL, Journal
from tusline.storage.s3.redis_tail import RedisTail
from tusline.upload import Delta, Upload

DATA = hashlib.shake_128(b"join").digest(10 * PART)


async def member(process: Process, name: str, *pieces: bytes, checked: bool = False) -> Upload:
    """A complete partial upload, a request for each piece; the last one's bytes were verified
    only after they were stored, where it was `checked`."""
    upload = fresh(f"member-{name:0>10}", length=sum(map(len, pieces)))
    upload = replace(upload, concat="partial")
    await process.store.remember(upload)
    for token, piece in enumerate(pieces, 1):
        writer, ledger = await process.open(upload, token)
        ledger.unverified = checked and token == len(pieces)
        await writer.write(piece)
        await writer.flush()
        writer.abandon()
        upload = ledger.now
    return upload


async def joined(process: Process, final: Upload, *members: Upload, token: int = 1) -> Upload:
    ledger = NotedLedger(final)
    await process.store.concat(final, members, token, ledger)
    return ledger.now


async def test_a_part_that_lies_in_one_member_is_copied_within_the_store(
    process: Process, s3_proxy: S3Proxy
) -> None:
    one = await member(process, "one", DATA[:200])
    two = await member(process, "two", DATA[200:230])
    s3_proxy.calls.clear()
    final = await joined(process, final_of(one, two), one, two)
    assert s3_proxy.counts() == Counter(
        ListParts=1,
        CompleteMultipartUpload=1,
        CreateMultipartUpload=1,
        PutObject=1,  # the manifest
        UploadPartCopy=3,
        GetObject=2,  # of the part that lies in both
        UploadPart=1,
    )
    assert await content(process.store, await process.sealed(final)) == DATA[:230]


async def test_small_members_become_one_object(process: Process, s3_proxy: S3Proxy) -> None:
    members = [await member(process, str(at), DATA[at : at + 20]) for at in (0, 20, 40)]
    s3_proxy.calls.clear()
    final = await joined(process, final_of(*members), *members)
    assert s3_proxy.counts() == Counter(GetObject=3, PutObject=1)
    assert await content(process.store, await process.sealed(final)) == DATA[:60]


async def test_segments_of_members_are_joined_as_well(
    bucket: Bucket, tmp_path: Path, redis: Redis
) -> None:
    process = Process(bucket, tmp_path, tail=RedisTail(redis, Keys("tusline"), 64 * SHARDS))
    one = await member(process, "one", DATA[:70], DATA[70:200], checked=True)
    two = await member(process, "two", DATA[200:210], DATA[210:240], checked=True)
    kinds = {segment.kind for upload in (one, two) for segment in Journal.of(upload).segments}
    assert kinds == {SEGMENT, TAIL}
    assert Journal.of(one).parts
    final = await joined(process, final_of(one, two, one), one, two, one)
    assert await content(process.store, await process.sealed(final)) == (DATA[:240] + DATA[:200])
    again = await joined(process, replace(final_of(one), token=5), one)
    assert again.offset == 200
    process.close()


async def test_a_member_that_was_joined_is_whole_when_the_records_are_lost(
    process: Process,
) -> None:
    late = replace(fresh("member-00000000late", length=None), concat="partial", deferred=True)
    await process.store.remember(late)
    late = await process.written(late, 1, DATA[:70])  # a part, and a segment behind it
    one = late.grown(Delta(length=70))
    await joined(process, final_of(one), one)
    for known in (None, late, one):
        recalled = await process.store.recall(one.id, known)
        assert recalled is not None
        assert (recalled.offset, recalled.head) == (70, DATA[:64])
        again = replace(recalled, length=70)
        final = await joined(process, final_of(again), again, token=6)
        assert await content(process.store, await process.sealed(final)) == DATA[:70]
        await process.store.discard(final)


@pytest.mark.parametrize("overtaken", [False, True])
async def test_a_member_that_is_gone_is_told_to_who_holds_the_lease(
    process: Process, *, overtaken: bool
) -> None:
    one = await member(process, "one", DATA[:200])
    two = await member(process, "two", DATA[200:230])
    await process.store.discard(one)
    ledger = NotedLedger(final_of(one, two))
    ledger.fenced = overtaken
    with pytest.raises(LeaseLost if overtaken else MemberLost):
        await process.store.concat(final_of(one, two), [one, two], 1, ledger)
    assert ledger.told.added == 0


async def test_a_join_that_was_given_up_in_the_store_is_done_anew(
    process: Process, s3_proxy: S3Proxy, bucket: Bucket
) -> None:
    one = await member(process, "one", DATA[:200])
    s3_proxy.play(refuse(404, "NoSuchUpload"), "UploadPartCopy")
    with pytest.raises(StoreUnavailable):
        await joined(process, final_of(one), one)
    assert (await bucket.multiparts()).found == ()
    final = await joined(process, final_of(one), one, token=2)
    assert await content(process.store, await process.sealed(final)) == DATA[:200]
