"""Objects of a bucket: put, got, streamed, listed, deleted, signed."""

import hashlib
import random
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest

from support.s3_proxy import S3Proxy
from tusline.storage.s3 import client
from tusline.storage.s3.client import Bucket
from tusline.storage.s3.faults import NotThere
from tusline.storage.s3.values import BucketOptions, FileSlice, Kind

DATA = random.Random(5).randbytes(700_000)


def slice_of(path: Path, start: int, size: int) -> FileSlice:
    md5 = hashlib.md5(path.read_bytes()[start : start + size]).hexdigest()
    return FileSlice(path=path, start=start, size=size, md5=md5)


async def keys(bucket: Bucket, prefix: str = "") -> list[str]:
    return [listed.key for listed in (await bucket.keys(prefix)).found]


async def test_bytes_come_back_and_the_answer_tells_what_was_stored(bucket: Bucket) -> None:
    stored = await bucket.put("a", DATA)
    assert (stored.size, stored.md5) == (len(DATA), hashlib.md5(DATA).hexdigest())
    assert await bucket.get("a") == DATA
    head = await bucket.head("a")
    assert head is not None
    assert (head.size, head.etag) == (stored.size, stored.etag)


async def test_pieces_of_memory_and_of_files_are_stored_as_one(
    bucket: Bucket, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_bytes(DATA)
    await bucket.put("a", [b"before", slice_of(path, 10, 600_000), b"", slice_of(path, 0, 5)])
    assert await bucket.get("a") == b"before" + DATA[10:600_010] + DATA[:5]


async def test_an_object_may_be_empty(bucket: Bucket) -> None:
    await bucket.put("a", b"")
    assert await bucket.get("a") == b""
    assert await bucket.get("a", 0, 10) == b""
    assert [piece async for piece in bucket.stream("a")] == []


async def test_a_range_is_given_as_far_as_there_are_bytes(bucket: Bucket) -> None:
    await bucket.put("a", DATA)
    assert await bucket.get("a", 5, 10) == DATA[5:10]
    assert await bucket.get("a", len(DATA) - 3, 10**9) == DATA[-3:]
    assert await bucket.get("a", len(DATA), 10**9) == b""
    streamed = b"".join([piece async for piece in bucket.stream("a", 1, len(DATA) - 1)])
    assert streamed == DATA[1:-1]


async def test_a_download_writes_the_whole_file(bucket: Bucket, tmp_path: Path) -> None:
    await bucket.put("a", DATA)
    target = tmp_path / "file"
    assert await bucket.download("a", target) == len(DATA)
    assert target.read_bytes() == DATA


async def test_what_is_not_there_is_told(bucket: Bucket, tmp_path: Path) -> None:
    assert await bucket.head("nothing") is None
    with pytest.raises(NotThere):
        await bucket.get("nothing")
    with pytest.raises(NotThere):
        await anext(bucket.stream("nothing", 0, 10))
    with pytest.raises(NotThere):
        await bucket.download("nothing", tmp_path / "file")


async def test_the_kind_of_an_object_is_told_to_those_who_get_it(bucket: Bucket) -> None:
    kind = Kind(content_type="image/x", cache_control="no-store", content_disposition="inline")
    await bucket.put("a", b"photo", kind)
    head = await bucket.head("a")
    assert head is not None
    assert head.content_type == "image/x"
    with urllib.request.urlopen(await bucket.presign_get("a", 60)) as answer:
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Content-Disposition"] == "inline"


async def test_a_signed_address_gives_the_object_under_another_name(bucket: Bucket) -> None:
    await bucket.put("a", b"photo")
    named = Kind(content_disposition='attachment; filename="b.jpg"')
    with urllib.request.urlopen(await bucket.presign_get("a", 60, named)) as answer:
        assert answer.read() == b"photo"
        assert answer.headers["Content-Disposition"] == named.content_disposition


async def test_objects_are_listed_in_order_page_by_page(bucket: Bucket) -> None:
    for name in ("b/2", "a", "b/1", "c"):
        await bucket.put(name, name.encode())
    assert await keys(bucket) == ["a", "b/1", "b/2", "c"]
    page = await bucket.keys("b/", limit=1)
    assert [(listed.key, listed.size) for listed in page.found] == [("b/1", 3)]
    page = await bucket.keys("b/", after=page.after, limit=1)
    assert ([listed.key for listed in page.found], page.after) == (["b/2"], "")


async def test_folders_are_listed_once_each_page_by_page(bucket: Bucket) -> None:
    for name in ("x/1/a", "x/1/b", "x/2/a", "x/20/a", "x/file", "y/1/a"):
        await bucket.put(name, b"")
    found, after = list[str](), ""
    while True:
        page = await bucket.folders("x/", after=after, limit=1)
        found += page.found
        after = page.after
        if not after:
            break
    assert found == ["x/1/", "x/2/", "x/20/"]


async def test_a_prefix_keeps_two_stores_of_one_bucket_apart(
    bucket: Bucket, options: BucketOptions
) -> None:
    await bucket.put("a", b"mine")
    other = Bucket(replace(options, prefix="else/"))
    assert await other.head("a") is None
    assert await keys(other) == []
    whole = Bucket(replace(options, prefix=""))
    assert await keys(whole) == [f"{options.prefix}a"]
    other.close()
    whole.close()


async def test_deletions_go_in_batches_and_may_be_repeated(
    bucket: Bucket, s3_proxy: S3Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "BATCH", 3)  # stores take 1000, but some take seconds for them
    for name in "abcdef":
        await bucket.put(name, b"")
    for requests in (2, 4):
        await bucket.delete(["b", "nothing", "c", "d", "e"])
        assert await keys(bucket) == ["a", "f"]
        assert s3_proxy.counts()["DeleteObjects"] == requests
    await bucket.delete([])
    assert s3_proxy.counts()["DeleteObjects"] == 4


async def test_nothing_but_the_bytes_goes_to_a_store_that_takes_no_checksums(
    options: BucketOptions, s3_proxy: S3Proxy
) -> None:
    for checksums, told in ((True, ["content-md5"]), (False, [])):
        bucket = Bucket(replace(options, checksums=checksums))
        await bucket.put("a", b"")
        headers = s3_proxy.calls[-1].headers
        assert [name for name in headers if "md5" in name or "checksum" in name] == told
        assert headers["x-amz-content-sha256"] == "UNSIGNED-PAYLOAD"
        assert "expect" not in headers
        bucket.close()


async def test_deletions_carry_an_md5_and_no_other_checksum(
    bucket: Bucket, s3_proxy: S3Proxy
) -> None:
    await bucket.delete(["a"])
    headers = s3_proxy.calls[-1].headers
    assert [name for name in headers if "md5" in name or "checksum" in name] == ["content-md5"]
