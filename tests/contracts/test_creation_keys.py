"""What every adapter of the Records door promises of creations that are repeated under a key."""

import asyncio

import pytest

from support.clock import HandClock
from support.uploads import fresh
from tusline.interfaces import Records
from tusline.upload import Delta, Phase

KEY = "a-key-of-the-client"


async def test_a_creation_under_a_used_key_is_answered_with_the_first_upload(
    records: Records,
) -> None:
    first = await records.create(fresh("one-000000000000"), lease=True, key=KEY)
    await records.commit(first.upload.id, first.token or 0, Delta(number=1, added=3))
    again = await records.create(fresh("two-000000000000"), lease=True, key=KEY)
    assert again.token is None
    assert (again.upload.id, again.upload.offset) == (first.upload.id, 3)
    assert await records.named("", KEY) == again.upload


async def test_creations_at_once_under_one_key_make_one_upload(records: Records) -> None:
    ids = [f"upload-{number:010}" for number in range(8)]
    begun = await asyncio.gather(*(records.create(fresh(id), lease=True, key=KEY) for id in ids))
    assert len({one.upload.id for one in begun}) == 1
    assert sum(one.token is not None for one in begun) == 1


async def test_a_key_belongs_to_its_owner(records: Records) -> None:
    await records.create(fresh("one-000000000000", owner="ann"), lease=False, key=KEY)
    bobs = await records.create(fresh("two-000000000000", owner="bob"), lease=False, key=KEY)
    assert bobs.upload.id == "two-000000000000"
    named = await records.named("ann", KEY)
    assert named is not None
    assert named.id == "one-000000000000"
    assert await records.named("carol", KEY) is None


async def test_another_key_makes_another_upload(records: Records) -> None:
    await records.create(fresh("one-000000000000"), lease=False, key=KEY)
    other = await records.create(fresh("two-000000000000"), lease=False, key=KEY + "2")
    keyless = await records.create(fresh("three-0000000000"), lease=False)
    assert (other.upload.id, keyless.upload.id) == ("two-000000000000", "three-0000000000")


@pytest.mark.parametrize("phase", [Phase.REJECTED, Phase.EXPIRED, Phase.TERMINATED])
async def test_the_key_of_an_upload_that_is_over_passes_to_the_next(
    records: Records, phase: Phase
) -> None:
    first = await records.create(fresh("one-000000000000"), lease=False, key=KEY)
    await records.retire(first.upload.id, phase, None)
    assert await records.named("", KEY) is None
    second = await records.create(fresh("two-000000000000"), lease=True, key=KEY)
    assert (second.upload.id, second.token is None) == ("two-000000000000", False)
    third = await records.create(fresh("three-0000000000"), lease=True, key=KEY)
    assert third.upload.id == "two-000000000000"


async def test_an_upload_past_its_expiry_keeps_its_key_only_under_a_writer(
    records: Records, clock: HandClock
) -> None:
    late = fresh("one-000000000000", expires=clock.now() + 1)
    await records.create(late, lease=False, key=KEY)
    held = fresh("two-000000000000", expires=clock.now() + 1)
    await records.create(held, lease=True, key=KEY + "2")
    clock.forward(2)
    assert await records.named("", KEY) is None
    found = await records.named("", KEY + "2")
    assert found is not None
    assert found.id == held.id
