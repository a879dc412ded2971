"""A refusal of an append hands on what it has seen of the upload: when that expires (EXP-02)."""

import asyncio

import pytest

from support.feed import Feed
from support.house import House
from tusline.errors import Busy, OffsetMismatch, TuslineError, UnknownUpload
from tusline.rules import Append
from tusline.upload import UploadId


async def refusal(
    house: House, id: UploadId, offset: int, feed: Feed, owner: str | None = None
) -> TuslineError:
    append = Append(offset=offset, length=None, body=None)
    with pytest.raises(TuslineError) as refused:
        await house.service.appender.append(id, append, feed.body(), owner=owner)
    return refused.value


async def test_a_wrong_offset_tells_when_the_upload_expires(house: House) -> None:
    upload = await house.created(10)
    error = await refusal(house, upload.id, 5, Feed())
    assert isinstance(error, OffsetMismatch)
    assert error.expires == upload.expires


async def test_who_comes_too_late_for_the_lease_is_told_too(house: House) -> None:
    upload = await house.created(10)
    await house.doors.records.begin(upload.id)
    both = {asyncio.ensure_future(house.append(upload.id, 0, Feed().send(b"1"))) for _ in "ab"}
    (late,), (first,) = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    error = late.exception()
    assert isinstance(error, Busy)
    assert error.expires == upload.expires
    house.service.running.drain()
    await first


async def test_of_a_whole_upload_and_a_strangers_nothing_is_told(house: House) -> None:
    whole = await house.created(0)
    assert (await refusal(house, whole.id, 5, Feed())).expires is None
    upload = await house.created(10)
    error = await refusal(house, upload.id, 0, Feed(), owner="bob")
    assert isinstance(error, UnknownUpload)
    assert error.expires is None
