"""Two writers at one upload: one of them writes, and the file is right in the end (I3, I4)."""

import asyncio

import pytest

from support.feed import Feed
from support.house import LEASE_WAIT, House
from tusline import topics
from tusline.endings import Ended
from tusline.errors import Busy
from tusline.upload import Phase, UploadId


async def test_a_frozen_holder_is_overtaken_and_its_late_bytes_never_count(house: House) -> None:
    upload = await house.created(10)
    holder = Feed().send(b"1234")
    holding = asyncio.ensure_future(house.append(upload.id, 0, holder))
    await frozen_at(house, upload.id, 4, holder, b"xx")
    loop = asyncio.get_running_loop()
    began = loop.time()
    newcomer = await house.append(upload.id, 4, Feed().end(b"567890"))
    assert LEASE_WAIT <= loop.time() - began < LEASE_WAIT + 1
    assert (newcomer.ended, newcomer.upload.phase) == (Ended.COMPLETE, Phase.RECEIVED)
    house.store.writers[0].flowing.set()
    holder.end(b"yyyy")
    assert (await holding).ended is Ended.LEASE_LOST
    assert await house.content(upload.id) == b"1234567890"


async def test_looking_for_the_offset_fences_a_frozen_holder(house: House) -> None:
    upload = await house.created(10)
    holder = Feed().send(b"1234")
    holding = asyncio.ensure_future(house.append(upload.id, 0, holder))
    await frozen_at(house, upload.id, 4, holder, b"5678")
    told = await house.service.looker.offset(upload.id, owner=None)
    assert told.offset == 4
    house.store.writers[0].flowing.set()
    assert (await holding).ended is Ended.LEASE_LOST
    assert (await house.get(upload.id)).offset == 4
    await house.append(upload.id, 4, Feed().end(b"567890"))
    assert await house.content(upload.id) == b"1234567890"


async def test_a_stalled_holder_lets_go_at_once_and_keeps_what_it_has(house: House) -> None:
    upload = await house.created(10)
    holding = asyncio.ensure_future(house.append(upload.id, 0, Feed().send(b"12345")))
    await until_offset(house, upload.id, 5)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await house.append(upload.id, 5, Feed().end(b"67890"))
    assert loop.time() - began < LEASE_WAIT
    appended = await holding
    assert (appended.ended, appended.added) == (Ended.LET_GO, 5)
    assert await house.content(upload.id) == b"1234567890"


async def test_of_many_newcomers_one_writes_and_the_others_are_told_so(house: House) -> None:
    upload = await house.created(10)
    feeds = [Feed() for _ in range(8)]
    running = [asyncio.ensure_future(house.append(upload.id, 0, feed)) for feed in feeds]
    for feed in feeds:
        feed.end(b"1234567890")
    results = await asyncio.gather(*running, return_exceptions=True)
    assert await house.content(upload.id) == b"1234567890"
    whole = [r for r in results if not isinstance(r, BaseException) and r.added == 10]
    assert len(whole) == 1


async def test_a_writer_that_is_told_to_let_go_gets_its_bytes_back_from_the_next(
    house: House,
) -> None:
    """A hundred hand-overs, each after one piece: every byte once, in order."""
    upload = await house.created(100)
    holding: list[asyncio.Future[object]] = []
    for at in range(100):
        feed = Feed().send(bytes([at])) if at < 99 else Feed().end(bytes([at]))
        holding.append(asyncio.ensure_future(house.append(upload.id, at, feed)))
        await until_offset(house, upload.id, at + 1)
    await asyncio.gather(*holding)
    assert await house.content(upload.id) == bytes(range(100))


async def test_draining_ends_every_request_with_what_it_has(house: House) -> None:
    uploads = [await house.created(10) for _ in range(20)]
    running = [
        asyncio.ensure_future(house.append(upload.id, 0, Feed().send(b"123"))) for upload in uploads
    ]
    for upload in uploads:
        await until_offset(house, upload.id, 3)
    house.service.running.drain()
    ended = await asyncio.wait_for(asyncio.gather(*running), 5)
    assert {(one.ended, one.upload.offset) for one in ended} == {(Ended.DRAINED, 3)}
    late = await house.append(uploads[0].id, 3, Feed().send(b"4567890"))
    assert (late.ended, late.added) == (Ended.DRAINED, 0)


async def test_a_second_taker_over_is_told_that_the_first_was_faster(house: House) -> None:
    upload = await house.created(10)
    frozen = Feed().send(b"12")
    holding = asyncio.ensure_future(house.append(upload.id, 0, frozen))
    await frozen_at(house, upload.id, 2, frozen, b"xx")
    first, second = Feed(), Feed()
    racing = [asyncio.ensure_future(house.append(upload.id, 2, feed)) for feed in (first, second)]
    done, waiting = await asyncio.wait(racing, return_when=asyncio.FIRST_COMPLETED)
    with pytest.raises(Busy):
        done.pop().result()
    for feed in (first, second):
        feed.end(b"34567890")
    house.store.writers[0].flowing.set()
    await asyncio.gather(holding, *waiting)
    assert await house.content(upload.id) == b"1234567890"


async def frozen_at(house: House, id: UploadId, offset: int, holder: Feed, late: bytes) -> None:
    """Wait until the first writer has `offset` bytes committed, and hang it in its next write."""
    await until_offset(house, id, offset)
    writer = house.store.writers[0]
    writer.flowing.clear()
    holder.send(late)
    await writer.hanging.wait()


async def until_offset(house: House, id: UploadId, offset: int) -> None:
    """Wait for commits, by the signals that tell of them."""
    changed = asyncio.Event()
    stop = house.doors.signals.listen(topics.changed(id), changed.set)
    try:
        async with asyncio.timeout(5):
            while (await house.get(id)).offset < offset:
                await changed.wait()
                changed.clear()
    finally:
        stop()
