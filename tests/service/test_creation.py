"""Creations that are repeated because their answer got lost: one upload, its true offset."""

import asyncio
from dataclasses import replace

import pytest

from support.feed import Feed
from support.house import House
from tusline import topics
from tusline.body import Body
from tusline.endings import Ended
from tusline.errors import KeyReused, ServiceBusy
from tusline.rules import Creation
from tusline.service.appending import Appended
from tusline.upload import Phase, UploadId

DATA = b"1234567890"
CREATION = Creation(
    length=len(DATA), metadata="filename YQ==", body=0, key="0123456789abcdef012345"
)


async def create(
    house: House, body: Body | None = None, creation: Creation = CREATION, owner: str = ""
) -> Appended:
    return await house.service.creator.create(creation, body, owner=owner)


async def test_a_repeated_creation_is_told_how_far_the_upload_has_come(house: House) -> None:
    first = (await create(house)).upload
    await house.append(first.id, 0, Feed().send(DATA[:4]).cut())
    again = (await create(house)).upload
    assert (again.id, again.offset) == (first.id, 4)


async def test_a_body_that_comes_with_a_repeated_creation_is_left_alone(house: House) -> None:
    first = (await create(house, Feed().send(DATA[:4]).cut().body())).upload
    body = Feed().end(DATA).body()
    again = await create(house, body)
    assert (again.upload.id, again.upload.offset, again.added) == (first.id, 4, 0)
    assert body.taken == 0
    await house.append(first.id, 4, Feed().end(DATA[4:]))
    assert await house.content(first.id) == DATA


async def test_the_request_that_still_runs_for_the_first_creation_lets_go(house: House) -> None:
    running = asyncio.ensure_future(create(house, Feed().send(DATA[:4]).body()))
    again = (await _until_repeated(house, 4)).upload
    ended = await running
    assert ended.ended is Ended.LET_GO
    assert (again.id, again.offset) == (ended.upload.id, 4)
    assert not again.held


async def test_creations_at_once_under_one_key_make_one_upload_and_one_file(house: House) -> None:
    feeds = [Feed().end(DATA) for _ in range(6)]
    ended = await asyncio.gather(*(create(house, feed.body()) for feed in feeds))
    (id,) = {one.upload.id for one in ended}
    assert await house.content(id) == DATA
    assert sum(one.added for one in ended) == len(DATA)


async def test_a_key_for_another_file_is_refused_and_nothing_is_made(house: House) -> None:
    first = (await create(house)).upload
    for other in (replace(CREATION, length=11), replace(CREATION, metadata="filename Yg==")):
        with pytest.raises(KeyReused):
            await create(house, creation=other)
    named = await house.doors.records.named("", CREATION.key or "")
    assert named == first


async def test_the_key_of_an_upload_that_was_deleted_makes_a_new_one(house: House) -> None:
    first = (await create(house)).upload
    await house.service.terminator.terminate(first.id, owner="")
    assert (await create(house)).upload.id != first.id


async def test_a_full_queue_refuses_new_uploads_and_no_repeated_creation(house: House) -> None:
    first = (await create(house)).upload
    for number in range(100):
        await house.doors.jobs.enqueue(UploadId(f"job-{number}"))
    assert (await create(house)).upload.id == first.id
    with pytest.raises(ServiceBusy):
        await create(house, creation=replace(CREATION, key="another-key-0000000000"))
    with pytest.raises(ServiceBusy):
        await create(house, creation=replace(CREATION, key=None))


async def test_a_repeated_creation_of_a_finished_upload_tells_that_all_is_there(
    house: House,
) -> None:
    first = (await create(house, Feed().end(DATA).body())).upload
    again = (await create(house, Feed().end(DATA).body())).upload
    assert (again.id, again.offset, again.phase) == (first.id, len(DATA), Phase.RECEIVED)


async def _until_repeated(house: House, offset: int) -> Appended:
    """Repeat the creation once the first has `offset` bytes committed."""
    async with asyncio.timeout(5):
        while (named := await house.doors.records.named("", CREATION.key or "")) is None:
            await asyncio.sleep(0)
        changed = asyncio.Event()
        stop = house.doors.signals.listen(topics.changed(named.id), changed.set)
        while (await house.get(named.id)).offset < offset:
            await changed.wait()
            changed.clear()
        stop()
    return await create(house)
