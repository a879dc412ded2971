"""What every adapter of the Records door promises of leases and commits."""

import asyncio

import pytest

from support.clock import HandClock
from support.uploads import EXPIRES, LEASE_TTL, created, fresh
from tusline.errors import LeaseLost
from tusline.interfaces import Records
from tusline.upload import NOTHING, Delta

# --- leases ------------------------------------------------------------------------------------


async def test_a_held_lease_is_not_granted_again(records: Records) -> None:
    upload, token = await created(records)
    begun = await records.begin(upload.id)
    assert begun.token is None
    assert begun.upload.held
    assert begun.upload.token == token


async def test_a_released_lease_is_granted_with_a_larger_token(records: Records) -> None:
    upload, first = await created(records)
    await records.end(upload.id, first, NOTHING, "complete")
    second = (await records.begin(upload.id)).token
    assert second is not None
    assert second > first


async def test_the_holder_learns_by_its_next_commit_that_it_is_wanted(records: Records) -> None:
    upload, token = await created(records)
    assert not (await records.commit(upload.id, token, NOTHING)).wanted
    await records.begin(upload.id)
    assert not (await records.commit(upload.id, token, NOTHING)).wanted
    await records.begin(upload.id, want=True)
    assert (await records.commit(upload.id, token, NOTHING)).wanted


async def test_a_stale_offset_disturbs_nobody(records: Records) -> None:
    upload, token = await created(records)
    begun = await records.begin(upload.id, expect=7, want=True)
    assert begun.token is None
    assert begun.upload.offset == 0
    assert not (await records.commit(upload.id, token, NOTHING)).wanted


async def test_a_lease_is_not_granted_at_another_offset_even_when_free(records: Records) -> None:
    upload, token = await created(records)
    await records.end(upload.id, token, NOTHING, "complete")
    assert (await records.begin(upload.id, expect=1)).token is None
    assert (await records.begin(upload.id, expect=0)).token is not None


async def test_a_granted_lease_shows_the_record_as_it_was_before(records: Records) -> None:
    await records.create(fresh(), lease=False)
    begun = await records.begin(fresh().id)
    assert begun.token is not None
    assert begun.upload == fresh()
    assert (await records.get(fresh().id)).held


async def test_an_overtaken_holder_is_fenced(records: Records) -> None:
    upload, old = await created(records)
    begun = await records.begin(upload.id, overtake=old)
    assert begun.token is not None
    assert begun.token > old
    with pytest.raises(LeaseLost):
        await records.commit(upload.id, old, Delta(number=1, added=1))
    with pytest.raises(LeaseLost):
        await records.end(upload.id, old, NOTHING, "complete")
    with pytest.raises(LeaseLost):
        await records.finish(upload.id, old, None)
    assert (await records.get(upload.id)).offset == 0


async def test_only_the_holder_that_was_waited_for_is_overtaken(records: Records) -> None:
    upload, old = await created(records)
    new = (await records.begin(upload.id, overtake=old)).token
    assert (await records.begin(upload.id, overtake=old)).token is None
    assert new is not None
    await records.commit(upload.id, new, Delta(number=1, added=1))


async def test_a_lease_that_nobody_renews_runs_out(records: Records, clock: HandClock) -> None:
    upload, token = await created(records)
    clock.forward(LEASE_TTL - 1)
    await records.commit(upload.id, token, NOTHING)
    clock.forward(LEASE_TTL - 1)
    assert (await records.get(upload.id)).held
    clock.forward(2)
    assert not (await records.get(upload.id)).held
    assert (await records.begin(upload.id)).token is not None


async def test_tokens_follow_the_clock_and_grow_even_when_it_stands_or_goes_back(
    records: Records, clock: HandClock
) -> None:
    upload, first = await created(records)
    assert first == int(clock.now() * 1_000_000)
    clock.set_by(-100)
    second = (await records.begin(upload.id, overtake=first)).token
    assert second == first + 1


async def test_racing_newcomers_get_one_lease(records: Records) -> None:
    upload, token = await created(records)
    await records.end(upload.id, token, NOTHING, "complete")
    begun = await asyncio.gather(*(records.begin(upload.id) for _ in range(20)))
    assert sum(one.token is not None for one in begun) == 1


# --- commits -----------------------------------------------------------------------------------


async def test_deltas_add_up(records: Records) -> None:
    upload, token = await created(records, fresh(length=10))
    first = await records.commit(upload.id, token, Delta(number=1, added=4, head=b"abcd"))
    assert first.offset == 4
    now = await records.end(
        upload.id, token, Delta(number=2, added=2, head=b"ef", journal=("x", "y")), "complete"
    )
    assert (now.offset, now.head, now.journal, now.held) == (6, b"abcdef", ("x", "y"), False)
    again = (await records.begin(upload.id)).token
    assert again is not None
    now = await records.end(upload.id, again, Delta(number=1, added=1, journal=("z",)), "complete")
    assert now.journal == ("x", "y", "z")


async def test_a_commit_repeated_after_a_lost_answer_counts_once(records: Records) -> None:
    upload, token = await created(records, fresh(length=10))
    delta = Delta(number=1, added=4, head=b"abcd", journal=("x",))
    await records.commit(upload.id, token, delta)
    assert (await records.commit(upload.id, token, delta)).offset == 4
    now = await records.get(upload.id)
    assert (now.offset, now.head, now.journal) == (4, b"abcd", ("x",))


async def test_a_journal_entry_repeated_after_a_lost_answer_counts_once(records: Records) -> None:
    upload, token = await created(records, fresh(length=10))
    for _ in range(2):
        await records.commit(upload.id, token, Delta(number=1, journal=("part 1",)))
    assert (await records.get(upload.id)).journal == ("part 1",)


async def test_a_delta_out_of_order_is_refused(records: Records) -> None:
    upload, token = await created(records, fresh(length=10))
    with pytest.raises(LeaseLost):
        await records.commit(upload.id, token, Delta(number=2, added=4))
    assert (await records.get(upload.id)).offset == 0


async def test_an_empty_delta_with_the_last_number_only_renews(
    records: Records, clock: HandClock
) -> None:
    upload, token = await created(records, fresh(length=10))
    await records.commit(upload.id, token, Delta(number=1, added=4))
    clock.forward(LEASE_TTL - 1)
    assert (await records.commit(upload.id, token, Delta(number=1))).offset == 4
    clock.forward(LEASE_TTL - 1)
    assert (await records.commit(upload.id, token, Delta(number=2, added=1))).offset == 5
    assert (await records.end(upload.id, token, Delta(number=2), "")).offset == 5


async def test_deltas_are_numbered_anew_under_each_token(records: Records) -> None:
    upload, token = await created(records, fresh(length=10))
    await records.commit(upload.id, token, Delta(number=1, added=1))
    new = (await records.begin(upload.id, overtake=token)).token
    assert new is not None
    assert (await records.commit(upload.id, new, Delta(number=1, added=1))).offset == 2


async def test_a_released_lease_takes_no_commit_and_no_renewal(records: Records) -> None:
    upload, token = await created(records, fresh(length=10))
    await records.end(upload.id, token, NOTHING, "complete")
    for delta in (NOTHING, Delta(number=1, added=1)):
        with pytest.raises(LeaseLost):
            await records.commit(upload.id, token, delta)
    assert not (await records.get(upload.id)).held


async def test_a_lease_that_has_run_out_takes_no_commit(records: Records, clock: HandClock) -> None:
    upload, token = await created(records, fresh(length=10))
    clock.forward(LEASE_TTL + 1)
    with pytest.raises(LeaseLost):
        await records.commit(upload.id, token, Delta(number=1, added=1))


async def test_each_change_makes_a_new_version_and_moves_the_expiry(
    records: Records, clock: HandClock
) -> None:
    upload, token = await created(records, fresh(expires=1_800_000_010.0))
    clock.forward(5)
    await records.commit(upload.id, token, Delta(number=1, added=1))
    now = await records.get(upload.id)
    assert now.version > upload.version
    assert now.expires == clock.now() + EXPIRES
