"""What every adapter of the Records door promises of partial and final uploads."""

from dataclasses import replace

import pytest

from support.clock import HandClock
from support.uploads import EXPIRES, LEASE_TTL, created, fresh
from tusline.interfaces import Records
from tusline.upload import PARTIAL_KEPT, Delta, Phase, Upload, UploadId


async def partial(records: Records, name: str, *, length: int | None = 4) -> Upload:
    given = replace(fresh(f"partial-{name:0>10}", length=length), concat="partial")
    return (await records.create(given, lease=False)).upload


async def filled(records: Records, upload: Upload, added: int = 4) -> Upload:
    begun = await records.begin(upload.id)
    assert begun.token is not None
    return await records.end(upload.id, begun.token, Delta(number=1, added=added), "complete")


async def final_of(records: Records, name: str, *members: Upload) -> Upload:
    ids = tuple(member.id for member in members)
    given = replace(fresh(f"final-{name:0>10}", length=None), concat="final;...", members=ids)
    return (await records.create(given, lease=False)).upload


async def ids_due(records: Records) -> tuple[list[UploadId], list[UploadId]]:
    due = await records.due(10)
    assert not any(upload.partial for upload in due.unsettled)
    return [upload.id for upload in due.expired], [upload.id for upload in due.joinable]


async def test_a_concatenation_reads_back_as_it_was_given(records: Records) -> None:
    one, two = await partial(records, "one"), await partial(records, "two")
    members = (two.id, one.id, two.id)
    given = replace(fresh(length=None), concat="final; b  a b", members=members)
    await records.create(given, lease=False)
    assert await records.get(given.id) == given
    assert (one.concat, one.partial, one.members) == ("partial", True, ())
    events = [(event.name, event.detail) for event in await records.timeline(given.id)]
    assert ("concat", "final, of 3") in events


async def test_a_partial_upload_knows_the_pending_final_ones_that_wait_for_it(
    records: Records,
) -> None:
    one, two = await partial(records, "one"), await partial(records, "two")
    first = await final_of(records, "first", one, two, one)
    second = await final_of(records, "second", two)
    assert (await records.get(one.id)).finals == (first.id,)
    assert set((await records.get(two.id)).finals) == {first.id, second.id}
    await records.retire(second.id, Phase.TERMINATED, None)
    begun = await records.begin(first.id)
    await records.finish(first.id, begun.token or 0, None)
    assert (await records.get(one.id)).finals == (await records.get(two.id)).finals == ()


async def test_nobody_gets_the_lease_of_a_final_upload_by_its_offset(records: Records) -> None:
    final = await final_of(records, "one", await partial(records, "one"))
    assert (await records.begin(final.id, expect=0)).token is None
    assert (await records.begin(final.id)).token is not None


async def test_a_final_upload_gets_its_length_and_its_bytes_by_commits_and_no_expiry(
    records: Records,
) -> None:
    final = await final_of(records, "one", await partial(records, "one"))
    begun = await records.begin(final.id)
    token = begun.token or 0
    await records.commit(final.id, token, Delta(number=1, length=8))
    pending = await records.get(final.id)
    assert (pending.length, pending.expires, pending.pending) == (8, None, True)
    await records.commit(final.id, token, Delta(number=2, added=8, head=b"x" * 8, synced=True))
    now = await records.get(final.id)
    assert (now.offset, now.synced, now.expires, now.pending) == (8, 8, None, False)


# --- expiry ------------------------------------------------------------------------------------


async def test_a_complete_partial_upload_is_due_to_expire_and_never_unsettled(
    records: Records, clock: HandClock
) -> None:
    one = await filled(records, await partial(records, "one"))
    assert one.expires == clock.now() + max(EXPIRES, PARTIAL_KEPT)
    clock.forward(max(EXPIRES, PARTIAL_KEPT) + LEASE_TTL)
    due = await records.due(10)
    assert ([u.id for u in due.expired], due.unsettled) == ([one.id], ())


async def test_a_complete_partial_upload_stays_while_a_final_one_waits_for_it(
    records: Records, clock: HandClock
) -> None:
    whole = await filled(records, await partial(records, "one"))
    other = await partial(records, "two")
    final = await final_of(records, "one", whole, other)
    clock.forward(EXPIRES + PARTIAL_KEPT)
    assert await ids_due(records) == ([other.id], [])
    await records.retire(final.id, Phase.EXPIRED, None)
    assert set((await ids_due(records))[0]) == {whole.id, other.id}


@pytest.mark.parametrize("whole", [True, False])
async def test_the_use_in_a_final_upload_renews_a_members_expiry(
    records: Records, clock: HandClock, whole: bool
) -> None:
    one = await partial(records, "one")
    if whole:
        one = await filled(records, one)
    clock.forward(EXPIRES / 2)
    await final_of(records, "one", one)
    life = max(EXPIRES, PARTIAL_KEPT) if whole else EXPIRES
    assert (await records.get(one.id)).expires == clock.now() + life


# --- what the sweeper sees ---------------------------------------------------------------------


async def test_a_pending_final_upload_is_due_once_its_members_are_complete(
    records: Records, clock: HandClock
) -> None:
    one, two = await partial(records, "one"), await partial(records, "two", length=None)
    final = await final_of(records, "one", one, two, one)
    await filled(records, one)
    assert await ids_due(records) == ([], [])
    begun = await records.begin(two.id)
    await records.end(two.id, begun.token or 0, Delta(number=1, added=4, length=4), "complete")
    assert await ids_due(records) == ([], [final.id])
    await records.begin(final.id)
    assert await ids_due(records) == ([], [])
    clock.forward(LEASE_TTL)
    assert await ids_due(records) == ([], [final.id])


async def test_a_pending_final_upload_is_due_once_a_member_is_gone(records: Records) -> None:
    one, two = await partial(records, "one"), await partial(records, "two")
    final = await final_of(records, "one", one, two)
    await records.retire(two.id, Phase.TERMINATED, None)
    assert await ids_due(records) == ([], [final.id])


async def test_a_joined_final_upload_is_unsettled_like_any_other(records: Records) -> None:
    one = await filled(records, await partial(records, "one"))
    final = await final_of(records, "one", one)
    begun = await records.begin(final.id)
    delta = Delta(number=1, added=4, length=4)
    await records.end(final.id, begun.token or 0, delta, "joined")
    due = await records.due(10)
    assert ([u.id for u in due.unsettled], due.joinable) == ([final.id], ())


async def test_an_upload_without_concatenation_is_neither(records: Records) -> None:
    upload, _ = await created(records)
    assert (upload.concat, upload.partial, upload.final, upload.pending) == (None, *[False] * 3)
