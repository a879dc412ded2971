"""What every adapter of the Records door promises."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest

from support.clock import HandClock
from support.uploads import fresh
from tusline.errors import LeaseLost, StaleJob, UnknownUpload
from tusline.interfaces import Records
from tusline.records.sqlite import SqliteRecords
from tusline.upload import (
    NOTHING,
    Delta,
    Image,
    Outcome,
    Phase,
    Reason,
    Upload,
    UploadId,
    Variant,
)

LEASE_TTL = 60.0
EXPIRES = 3600.0


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(params=["sqlite"])
async def records(tmp_path: Path, clock: HandClock) -> AsyncGenerator[Records]:
    adapter = SqliteRecords(tmp_path / "r.db", clock, lease_ttl=LEASE_TTL, expires=EXPIRES)
    adapter.open()
    yield adapter
    adapter.close()


async def created(records: Records, upload: Upload | None = None) -> tuple[Upload, int]:
    begun = await records.create(upload or fresh(), lease=True)
    assert begun.token is not None
    return begun.upload, begun.token


async def received(records: Records, id: str = "upload-0000000000") -> Upload:
    upload, token = await created(records, fresh(id, length=4))
    await records.commit(upload.id, token, Delta(at=0, added=4, head=b"\xff\xd8\xff\xe0"))
    return await records.finish(upload.id, token, "image/jpeg")


# --- creation and reading ----------------------------------------------------------------------


async def test_a_created_upload_reads_back_as_it_was_given(records: Records) -> None:
    given = fresh(metadata="filename YQ==,x ", owner="ann", expires=1_800_000_100.0)
    begun = await records.create(given, lease=False)
    assert begun.token is None
    assert await records.get(given.id) == given


async def test_an_unknown_id_is_refused_by_every_method_that_takes_one(records: Records) -> None:
    nobody = UploadId("nobody-0000000000")
    with pytest.raises(UnknownUpload):
        await records.get(nobody)
    with pytest.raises(UnknownUpload):
        await records.begin(nobody)
    with pytest.raises(UnknownUpload):
        await records.retire(nobody, Phase.TERMINATED, None)
    with pytest.raises(LeaseLost):
        await records.commit(nobody, 1, Delta(added=1))


async def test_a_deferred_length_stays_unknown_until_a_delta_declares_it(records: Records) -> None:
    upload, token = await created(records, fresh(length=None))
    await records.commit(upload.id, token, Delta(at=0, added=3))
    assert (await records.get(upload.id)).length is None
    now = await records.end(upload.id, token, Delta(at=3, length=5), "complete")
    assert (now.offset, now.length) == (3, 5)


async def test_a_declared_length_is_never_changed(records: Records) -> None:
    upload, token = await created(records, fresh(length=10))
    now = await records.end(upload.id, token, Delta(length=99), "complete")
    assert now.length == 10


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
    assert (await records.commit(upload.id, token, NOTHING)).wanted


async def test_a_stale_offset_disturbs_nobody(records: Records) -> None:
    upload, token = await created(records)
    begun = await records.begin(upload.id, expect=7)
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
        await records.commit(upload.id, old, Delta(at=0, added=1))
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
    await records.commit(upload.id, new, Delta(at=0, added=1))


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
    clock.forward(-100)
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
    first = await records.commit(upload.id, token, Delta(at=0, added=4, head=b"abcd"))
    assert first.offset == 4
    now = await records.end(
        upload.id, token, Delta(at=4, added=2, head=b"ef", journal=("x", "y")), "complete"
    )
    assert (now.offset, now.head, now.journal, now.held) == (6, b"abcdef", ("x", "y"), False)
    again = (await records.begin(upload.id)).token
    assert again is not None
    now = await records.end(upload.id, again, Delta(at=6, added=1, journal=("z",)), "complete")
    assert now.journal == ("x", "y", "z")


async def test_a_commit_repeated_after_a_lost_answer_counts_once(records: Records) -> None:
    upload, token = await created(records, fresh(length=10))
    delta = Delta(at=0, added=4, head=b"abcd", journal=("x",))
    await records.commit(upload.id, token, delta)
    assert (await records.commit(upload.id, token, delta)).offset == 4
    now = await records.get(upload.id)
    assert (now.offset, now.head, now.journal) == (4, b"abcd", ("x",))


async def test_a_delta_that_does_not_fit_is_refused(records: Records) -> None:
    upload, token = await created(records, fresh(length=10))
    with pytest.raises(LeaseLost):
        await records.commit(upload.id, token, Delta(at=3, added=4))
    assert (await records.get(upload.id)).offset == 0


async def test_each_change_makes_a_new_version_and_moves_the_expiry(
    records: Records, clock: HandClock
) -> None:
    upload, token = await created(records, fresh(expires=1_800_000_010.0))
    clock.forward(5)
    await records.commit(upload.id, token, Delta(at=0, added=1))
    now = await records.get(upload.id)
    assert now.version > upload.version
    assert now.expires == clock.now() + EXPIRES


# --- the end of an upload ----------------------------------------------------------------------


async def test_finish_queues_the_upload_in_the_same_step(records: Records) -> None:
    upload = await received(records)
    assert upload.phase is Phase.RECEIVED
    assert upload.content_type == "image/jpeg"
    assert not upload.held
    assert upload.expires is None
    assert await records.pending(after="", limit=10) == ([upload.id], "")


async def test_an_upload_is_finished_once(records: Records) -> None:
    upload = await received(records)
    with pytest.raises(LeaseLost):
        await records.finish(upload.id, upload.token, "image/jpeg")
    assert (await records.begin(upload.id)).token is None


@pytest.mark.parametrize("phase", [Phase.REJECTED, Phase.EXPIRED, Phase.TERMINATED])
async def test_a_retired_upload_takes_nothing_more(records: Records, phase: Phase) -> None:
    upload, token = await created(records)
    reason = Reason(code="some-code", message="some words")
    now = await records.retire(upload.id, phase, reason)
    assert (now.phase, now.reason, now.held) == (phase, reason, False)
    with pytest.raises(LeaseLost):
        await records.commit(upload.id, token, Delta(at=0, added=1))
    assert (await records.begin(upload.id)).token is None


async def test_retiring_takes_a_finished_upload_out_of_the_outbox(records: Records) -> None:
    upload = await received(records)
    await records.retire(upload.id, Phase.TERMINATED, None)
    assert await records.pending(after="", limit=10) == ([], "")
    assert await records.start_job(upload.id) is None


async def test_what_is_over_stays_as_it_is(records: Records) -> None:
    upload, _ = await created(records)
    await records.retire(upload.id, Phase.TERMINATED, None)
    now = await records.retire(upload.id, Phase.EXPIRED, None)
    assert now.phase is Phase.TERMINATED


# --- jobs --------------------------------------------------------------------------------------

VARIANT = Variant(
    name="main", key="variants/x", content_type="image/jpeg", width=4, height=3, size=2
)
DONE = Outcome(phase=Phase.READY, variants=(VARIANT,), sha256="ab", image=Image(width=8, height=6))


async def test_a_job_publishes_its_outcome_and_leaves_the_outbox(records: Records) -> None:
    upload = await received(records)
    job = await records.start_job(upload.id)
    assert job is not None
    assert (job.upload.phase, job.upload.attempts) == (Phase.OPTIMIZING, 1)
    now = await records.publish(upload.id, job.token, DONE)
    assert (now.phase, now.variants, now.sha256) == (Phase.READY, (VARIANT,), "ab")
    assert now.image == Image(width=8, height=6)
    assert await records.pending(after="", limit=10) == ([], "")
    assert await records.start_job(upload.id) is None


async def test_the_result_of_an_overtaken_worker_is_refused(records: Records) -> None:
    upload = await received(records)
    old = await records.start_job(upload.id)
    new = await records.start_job(upload.id)
    assert old is not None
    assert new is not None
    assert new.upload.attempts == 2
    with pytest.raises(StaleJob):
        await records.publish(upload.id, old.token, DONE)
    failed = Outcome(phase=Phase.FAILED, reason=Reason(code="broken", message="m"))
    assert (await records.publish(upload.id, new.token, failed)).phase is Phase.FAILED
    with pytest.raises(StaleJob):
        await records.publish(upload.id, new.token, DONE)


async def test_the_result_for_a_terminated_upload_is_refused(records: Records) -> None:
    upload = await received(records)
    job = await records.start_job(upload.id)
    assert job is not None
    await records.retire(upload.id, Phase.TERMINATED, None)
    with pytest.raises(StaleJob):
        await records.publish(upload.id, job.token, DONE)


async def test_the_outbox_is_read_in_pages(records: Records) -> None:
    for number in range(5):
        await received(records, f"upload-{number:010}")
    seen: list[str] = []
    cursor = ""
    while True:
        ids, cursor = await records.pending(after=cursor, limit=2)
        seen += ids
        if not cursor:
            break
    assert seen == [f"upload-{number:010}" for number in range(5)]


# --- what the sweeper sees ---------------------------------------------------------------------


async def test_due_names_the_expired_the_unsettled_and_the_leftover(
    records: Records, clock: HandClock
) -> None:
    late = replace(fresh("late-000000000000"), expires=clock.now() + 1)
    await records.create(late, lease=False)
    whole, token = await created(records, fresh("whole-00000000000", length=2))
    await records.end(whole.id, token, Delta(at=0, added=2), "complete")
    over, _ = await created(records, fresh("over-000000000000"))
    await records.retire(over.id, Phase.TERMINATED, None)
    clock.forward(2)
    due = await records.due(10)
    assert [upload.id for upload in due.expired] == [late.id]
    assert [upload.id for upload in due.unsettled] == [whole.id]
    assert [upload.id for upload in due.leftover] == [over.id]
    await records.discarded(over.id)
    assert (await records.due(10)).leftover == ()


async def test_a_busy_upload_is_not_due(records: Records, clock: HandClock) -> None:
    await created(records, replace(fresh(), expires=clock.now() + 1))
    clock.forward(2)
    assert (await records.due(10)).expired == ()
    clock.forward(LEASE_TTL)
    assert len((await records.due(10)).expired) == 1


async def test_an_upload_without_expiry_is_never_due(records: Records, clock: HandClock) -> None:
    await records.create(fresh(), lease=False)
    clock.forward(10**8)
    assert (await records.due(10)).expired == ()


async def test_due_keeps_to_its_limit(records: Records, clock: HandClock) -> None:
    for number in range(4):
        late = replace(fresh(f"upload-{number:010}"), expires=clock.now() + number)
        await records.create(late, lease=False)
    clock.forward(10)
    expired = (await records.due(3)).expired
    assert [upload.id for upload in expired] == [f"upload-{number:010}" for number in range(3)]


# --- the timeline ------------------------------------------------------------------------------


async def test_the_timeline_tells_the_story_of_an_upload(records: Records) -> None:
    upload = await received(records)
    job = await records.start_job(upload.id)
    assert job is not None
    await records.publish(upload.id, job.token, DONE)
    names = [event.name for event in await records.timeline(upload.id)]
    assert names == ["created", "received", "optimizing", "ready"]


async def test_the_timeline_is_bounded(records: Records) -> None:
    upload, token = await created(records, fresh(length=1000))
    for number in range(150):
        await records.end(upload.id, token, Delta(at=number, added=1), "complete")
        token = (await records.begin(upload.id)).token or 0
    events = await records.timeline(upload.id)
    assert len(events) == 100
    assert events[-1].detail.startswith("to 150")
