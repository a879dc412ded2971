"""Multipart uploads: parts in any order, with gaps, copied, listed, joined, given up."""

import hashlib
import random

import pytest

from support.s3_servers import S3Server
from tusline.storage.s3 import listing
from tusline.storage.s3.client import Bucket
from tusline.storage.s3.faults import NotThere, Refused
from tusline.storage.s3.values import Kind

SMALLEST = 5 * 1024 * 1024
DATA = random.Random(6).randbytes(SMALLEST)


async def test_parts_with_gaps_in_their_numbers_become_one_object(bucket: Bucket) -> None:
    id = await bucket.create_multipart("a", Kind(content_type="image/x"))
    last = await bucket.upload_part("a", id, 7, b"last")
    first = await bucket.upload_part("a", id, 2, [DATA[:100], DATA[100:]])
    assert first.md5 == hashlib.md5(DATA).hexdigest()
    parts = [(part.number, part.size, part.etag) for part in await bucket.list_parts("a", id)]
    assert parts == [(2, SMALLEST, first.etag), (7, 4, last.etag)]
    etag = await bucket.complete_multipart("a", id, [(2, first.etag), (7, last.etag)])
    head = await bucket.head("a")
    assert head is not None
    assert (head.etag, head.content_type, head.size) == (etag, "image/x", SMALLEST + 4)
    assert await bucket.get("a") == DATA + b"last"


async def test_parts_that_are_not_named_are_no_part_of_the_object(bucket: Bucket) -> None:
    id = await bucket.create_multipart("a")
    await bucket.upload_part("a", id, 1, b"of a stale writer")
    part = await bucket.upload_part("a", id, 2, b"good")
    await bucket.complete_multipart("a", id, [(2, part.etag)])
    assert await bucket.get("a") == b"good"


async def test_a_part_is_copied_within_the_store(bucket: Bucket) -> None:
    await bucket.put("source", b"0123456789")
    id = await bucket.create_multipart("a")
    etag = await bucket.upload_part_copy("a", id, 1, source="source", start=2, stop=5)
    await bucket.complete_multipart("a", id, [(1, etag)])
    assert await bucket.get("a") == b"234"


async def test_a_part_that_was_overwritten_cannot_be_joined(bucket: Bucket) -> None:
    id = await bucket.create_multipart("a")
    old = await bucket.upload_part("a", id, 1, b"old")
    await bucket.upload_part("a", id, 1, b"new")
    with pytest.raises(Refused) as refused:
        await bucket.complete_multipart("a", id, [(1, old.etag)])
    assert refused.value.reason == "InvalidPart"
    assert await bucket.head("a") is None


async def test_all_pages_of_parts_are_listed(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "PARTS", 2)
    id = await bucket.create_multipart("a")
    for number in range(1, 6):
        await bucket.upload_part("a", id, number, b"x")
    assert [part.number for part in await bucket.list_parts("a", id)] == [1, 2, 3, 4, 5]


async def test_an_aborted_upload_is_gone_and_aborting_it_again_is_fine(bucket: Bucket) -> None:
    id = await bucket.create_multipart("a")
    part = await bucket.upload_part("a", id, 1, b"x")
    for _ in range(2):
        await bucket.abort_multipart("a", id)
    with pytest.raises(NotThere):
        await bucket.list_parts("a", id)
    assert await bucket.head("a") is None
    assert part.size == 1


async def test_uploads_that_are_not_over_are_listed_by_prefix(bucket: Bucket, s3: S3Server) -> None:
    begun = {key: await bucket.create_multipart(key) for key in ("x/1", "x/2", "x/3", "y/1")}
    await bucket.abort_multipart("x/2", begun["x/2"])
    page = await bucket.multiparts("x/", limit=1)
    found = list(page.found)
    while page.after:
        page = await bucket.multiparts("x/", after=page.after, limit=1)
        found += page.found
    expected = [(key, begun[key]) for key in ("x/1", "x/3")]
    assert [(upload.key, upload.upload_id) for upload in found] == expected
