"""What every adapter of the Records door promises of the files of a batch."""

import asyncio
from dataclasses import replace

import pytest

from support.clock import HandClock
from support.uploads import fresh
from tusline.errors import BatchFull
from tusline.interfaces import Begun, Records
from tusline.upload import Delta, Phase, Upload

KEY = "a-key-of-the-client"


def member(number: int, *, owner: str = "", batch: str | None = "b") -> Upload:
    return replace(fresh(f"upload-{number:010}", owner=owner), batch=batch)


async def create(records: Records, upload: Upload, most: int = 2) -> Begun:
    return await records.create(upload, lease=False, most=most)


async def test_a_batch_takes_so_many_files_and_no_more(records: Records) -> None:
    for number in range(2):
        begun = await create(records, member(number))
        assert begun.upload.batch == "b"
    with pytest.raises(BatchFull):
        await create(records, member(2))
    await create(records, member(3), most=3)


async def test_creations_at_once_do_not_pass_the_number(records: Records) -> None:
    made = await asyncio.gather(
        *(create(records, member(number)) for number in range(8)), return_exceptions=True
    )
    assert sum(isinstance(one, Begun) for one in made) == 2
    assert sum(isinstance(one, BatchFull) for one in made) == 6


async def test_other_owners_other_batches_and_none_do_not_count(records: Records) -> None:
    for number in range(2):
        await create(records, member(number))
    await create(records, member(10, owner="bob"))
    await create(records, member(11, batch="c"))
    for number in range(20, 25):
        await create(records, member(number, batch=None))


@pytest.mark.parametrize("phase", [Phase.REJECTED, Phase.EXPIRED, Phase.TERMINATED])
async def test_what_is_over_frees_its_place(records: Records, phase: Phase) -> None:
    for number in range(2):
        await create(records, member(number))
    await records.retire(member(0).id, phase, None)
    await create(records, member(2))
    with pytest.raises(BatchFull):
        await create(records, member(3))


async def test_what_is_late_frees_its_place_unless_it_is_whole(
    records: Records, clock: HandClock
) -> None:
    whole = await records.create(
        replace(member(0), length=2, expires=clock.now() + 1), lease=True, most=2
    )
    await records.end(whole.upload.id, whole.token or 0, Delta(number=1, added=2), "complete")
    await create(records, replace(member(1), expires=clock.now() + 1))
    with pytest.raises(BatchFull):
        await create(records, member(2))
    clock.forward(3700)
    await create(records, member(2))
    with pytest.raises(BatchFull):
        await create(records, member(3))


async def test_a_full_batch_does_not_refuse_a_repeated_creation(records: Records) -> None:
    first = await records.create(member(0), lease=False, key=KEY, most=1)
    again = await records.create(member(1), lease=False, key=KEY, most=1)
    assert again.upload.id == first.upload.id


async def test_a_refused_creation_leaves_its_key_free(records: Records) -> None:
    await create(records, member(0), most=1)
    with pytest.raises(BatchFull):
        await records.create(member(1), lease=False, key=KEY, most=1)
    assert await records.named("", KEY) is None
