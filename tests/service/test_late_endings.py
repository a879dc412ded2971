"""Who is to end an upload, and comes too late, ends nothing: somebody has gone on with it (I3)."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from support.doors import InterruptedRecords
from support.feed import Feed
from support.house import House, open_house
from tusline.endings import Ended
from tusline.errors import ChecksumMismatch, TooLarge, TuslineError
from tusline.interfaces import Records
from tusline.rules import Creation
from tusline.service.appending import Appended
from tusline.service.doors import Doors
from tusline.upload import NOTHING, Phase, UploadId

DATA = b"1234567890"
CREATION = Creation(length=len(DATA), metadata=None, body=0, key="0123456789abcdef012345")
WRONG = "sha1 AAAAAAAAAAAAAAAAAAAAAAAAAAA="


@pytest.fixture
async def interrupted(tmp_path: Path) -> AsyncGenerator[tuple[House, InterruptedRecords]]:
    def wrap(doors: Doors) -> Doors:
        return replace(doors, records=cast(Records, InterruptedRecords(doors.records)))

    async with open_house(tmp_path / "data", wrap=wrap) as house:
        yield house, cast(InterruptedRecords, house.doors.records)


def bad_bodies() -> list[tuple[Feed, type[TuslineError]]]:
    return [(Feed(WRONG).end(DATA), ChecksumMismatch), (Feed().end(DATA + b"x"), TooLarge)]


async def create(house: House, feed: Feed | None = None) -> Appended:
    body = None if feed is None else feed.body()
    return await house.service.creator.create(CREATION, body, owner="")


async def completed(house: House, id: UploadId) -> None:
    """As by a client that goes on with it."""
    upload = await house.get(id)
    await house.append(id, upload.offset, Feed().end(DATA[upload.offset :]))


async def test_a_sweeper_that_was_frozen_does_not_expire_what_a_client_went_on_with(
    interrupted: tuple[House, InterruptedRecords],
) -> None:
    house, records = interrupted
    upload = await house.created(len(DATA))
    await house.append(upload.id, 0, Feed().send(DATA[:3]).cut())
    house.clock.forward(3601)
    records.before_retiring = lambda id: completed(house, id)
    assert (await house.service.sweeper.sweep()).expired == 0
    assert (await house.get(upload.id)).phase is Phase.RECEIVED
    assert await house.content(upload.id) == DATA


@pytest.mark.parametrize("case", [0, 1])
async def test_a_refused_creation_leaves_the_upload_to_its_repetition_that_took_over(
    interrupted: tuple[House, InterruptedRecords], case: int
) -> None:
    house, records = interrupted
    feed, _ = bad_bodies()[case]

    async def repeat(id: UploadId) -> None:
        assert (await create(house)).upload.id == id
        await completed(house, id)

    records.before_retiring = repeat
    first = await create(house, feed)
    assert first.ended is Ended.LEASE_LOST
    assert first.upload.phase is Phase.RECEIVED
    assert await house.content(first.upload.id) == DATA


@pytest.mark.parametrize("case", [0, 1])
async def test_a_refused_creation_leaves_nothing_and_its_key_is_free(
    interrupted: tuple[House, InterruptedRecords], case: int
) -> None:
    house, _ = interrupted
    feed, refusal = bad_bodies()[case]
    with pytest.raises(refusal):
        await create(house, feed)
    assert await house.doors.records.named("", CREATION.key or "") is None
    assert (await house.doors.store.stored(after="", limit=9)) == ([], "")
    again = await create(house, Feed().end(DATA))
    assert await house.content(again.upload.id) == DATA


async def test_a_creation_whose_upload_goes_while_it_is_repeated_makes_a_new_one(
    interrupted: tuple[House, InterruptedRecords],
) -> None:
    house, records = interrupted
    first = (await create(house)).upload
    records.after_repetition = lambda id: house.service.terminator.terminate(id, owner="")
    again = (await create(house, Feed().end(DATA))).upload
    assert again.id != first.id
    assert await house.content(again.id) == DATA


async def test_an_upload_whose_lease_went_while_it_was_settled_is_settled_all_the_same(
    interrupted: tuple[House, InterruptedRecords],
) -> None:
    """As after a loss of Redis: nobody else has the lease, who would do it."""
    house, records = interrupted

    async def taken(id: UploadId) -> None:
        token = (await house.get(id)).token
        begun = await house.doors.records.begin(id, overtake=token)
        await house.doors.records.end(id, begun.token or 0, NOTHING, "")

    upload = await house.created(len(DATA))
    records.before_finishing = taken
    assert (await house.append(upload.id, 0, Feed().end(DATA))).upload.offset == len(DATA)
    await house.service.settler.idle()
    assert await house.content(upload.id) == DATA
