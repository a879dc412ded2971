"""What every adapter of the Records door promises of uploads that the store has recalled."""

from dataclasses import replace

from support.uploads import created, fresh
from tusline.interfaces import Records
from tusline.upload import Delta, Phase, UploadId

RECALLED = replace(
    fresh(length=10, metadata="filename YQ==", owner="ann"),
    offset=7,
    synced=7,
    head=b"\xff\xd8\xff\xe0abc",
    journal=("one 0", "two 4"),
    token=1_900_000_000_000_000,
)
"""Its token is later than the records' clock."""


async def test_a_recalled_upload_goes_on_where_the_store_says(records: Records) -> None:
    restored = await records.restore(RECALLED)
    assert (restored.offset, restored.journal, restored.owner) == (7, RECALLED.journal, "ann")
    begun = await records.begin(RECALLED.id, expect=7)
    assert begun.token is not None
    now = await records.end(RECALLED.id, begun.token, Delta(number=1, added=3), "complete")
    assert now.complete


async def test_a_token_after_a_restoration_is_newer_than_any_that_the_store_has_seen(
    records: Records,
) -> None:
    await records.restore(RECALLED)
    begun = await records.begin(RECALLED.id)
    assert begun.token is not None
    assert begun.token > RECALLED.token


async def test_a_recalled_upload_that_is_whole_waits_for_the_optimizer(records: Records) -> None:
    whole = replace(RECALLED, offset=10, phase=Phase.RECEIVED, content_type="image/jpeg")
    assert (await records.restore(whole)).phase is Phase.RECEIVED
    assert await records.pending(after="", limit=10) == ([whole.id], "")


async def test_a_record_that_was_never_lost_is_left_alone(records: Records) -> None:
    upload, token = await created(records, replace(RECALLED, offset=0, journal=(), head=b""))
    await records.commit(upload.id, token, Delta(number=1, added=9))
    assert (await records.restore(RECALLED)).offset == 9
    assert (await records.get(RECALLED.id)).journal == ()


async def test_a_recalled_final_upload_keeps_its_members_only_while_it_waits_for_them(
    records: Records,
) -> None:
    member, _ = await created(records, replace(fresh("member-0000000000"), concat="partial"))
    waiting = replace(
        RECALLED, offset=0, journal=(), head=b"", concat="final;x", members=(member.id,)
    )
    await records.restore(waiting)
    assert (await records.get(member.id)).finals == (waiting.id,)
    whole = replace(waiting, id=UploadId("whole-00000000000"), offset=10, phase=Phase.RECEIVED)
    await records.restore(whole)
    assert (await records.get(member.id)).finals == (waiting.id,)


async def test_gaps_are_closed_once_the_store_was_walked_through(records: Records) -> None:
    assert await records.close_gaps(await records.gaps())
    assert await records.gaps() == ""


async def test_what_a_delta_drops_leaves_the_journal(records: Records) -> None:
    upload, token = await created(records)
    await records.commit(upload.id, token, Delta(number=1, added=2, journal=("a", "b")))
    await records.commit(upload.id, token, Delta(number=2, added=2, journal=("c",)))
    delta = Delta(number=3, journal=("abc",), dropped=("a", "c"))
    now = await records.end(upload.id, token, delta, "complete")
    assert now.journal == ("b", "abc")
    assert now == (await records.get(upload.id))


def test_an_entry_that_is_dropped_before_it_was_committed_is_never_told() -> None:
    both = Delta(journal=("a", "b")) + Delta(journal=("ab",), dropped=("old", "a", "b"))
    assert (both.journal, both.dropped) == (("ab",), ("old",))
