"""What every adapter of the Records door promises of records, jobs and the sweeper's view."""

from dataclasses import replace

import pytest

from support.clock import HandClock
from support.uploads import LEASE_TTL, VARIANT, created, fresh, received
from tusline.errors import LeaseLost, StaleJob, UnknownUpload
from tusline.interfaces import Records
from tusline.upload import NOTHING, Delta, Image, Outcome, Phase, Reason, UploadId

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
    await records.commit(upload.id, token, Delta(number=1, added=3))
    assert (await records.get(upload.id)).length is None
    now = await records.end(upload.id, token, Delta(number=2, length=5), "complete")
    assert (now.offset, now.length) == (3, 5)


async def test_a_declared_length_is_never_changed(records: Records) -> None:
    upload, token = await created(records, fresh(length=10))
    now = await records.end(upload.id, token, Delta(number=1, length=99), "complete")
    assert now.length == 10


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
        await records.commit(upload.id, token, Delta(number=1, added=1))
    assert (await records.begin(upload.id)).token is None


@pytest.mark.parametrize("phase", [Phase.REJECTED, Phase.EXPIRED, Phase.TERMINATED])
async def test_who_was_overtaken_cannot_retire_an_upload(
    records: Records, clock: HandClock, phase: Phase
) -> None:
    upload, token = await created(records)
    clock.forward(LEASE_TTL + 1)
    newest = (await records.begin(upload.id)).token
    for still_held in (True, False):
        with pytest.raises(LeaseLost):
            await records.retire(upload.id, phase, None, token=token)
        assert (await records.get(upload.id)).phase is Phase.RECEIVING
        if still_held and newest is not None:
            await records.end(upload.id, newest, NOTHING, "")


async def test_the_newest_token_retires_an_upload_after_its_lease_ran_out_too(
    records: Records, clock: HandClock
) -> None:
    upload, token = await created(records)
    clock.forward(LEASE_TTL + 1)
    now = await records.retire(upload.id, Phase.EXPIRED, None, token=token)
    assert now.phase is Phase.EXPIRED
    assert await records.retire(upload.id, Phase.EXPIRED, None, token=token) == now


async def test_who_was_overtaken_cannot_retire_what_was_finished_meanwhile(
    records: Records, clock: HandClock
) -> None:
    upload, token = await created(records)
    clock.forward(LEASE_TTL + 1)
    newest = (await records.begin(upload.id)).token
    assert newest is not None
    await records.commit(upload.id, newest, Delta(number=1, added=10))
    await records.finish(upload.id, newest, None)
    with pytest.raises(LeaseLost):
        await records.retire(upload.id, Phase.TERMINATED, None, token=token)
    assert (await records.get(upload.id)).phase is Phase.RECEIVED


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


async def test_a_postponed_job_keeps_its_place_and_its_attempts(records: Records) -> None:
    upload = await received(records)
    job = await records.start_job(upload.id)
    assert job is not None
    await records.postpone(upload.id, job.token)
    now = await records.get(upload.id)
    assert (now.phase, now.attempts) == (Phase.RECEIVED, 0)
    assert await records.pending(after="", limit=10) == ([upload.id], "")
    again = await records.start_job(upload.id)
    assert again is not None
    assert again.upload.attempts == 1
    with pytest.raises(StaleJob):
        await records.postpone(upload.id, job.token)


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
    assert sorted(seen) == [f"upload-{number:010}" for number in range(5)]


# --- what the sweeper sees ---------------------------------------------------------------------


async def test_due_names_the_expired_the_unsettled_and_the_leftover(
    records: Records, clock: HandClock
) -> None:
    late = replace(fresh("late-000000000000"), expires=clock.now() + 1)
    await records.create(late, lease=False)
    whole, token = await created(records, fresh("whole-00000000000", length=2))
    await records.end(whole.id, token, Delta(number=1, added=2), "complete")
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
    for _ in range(150):
        await records.end(upload.id, token, Delta(number=1, added=1), "complete")
        token = (await records.begin(upload.id)).token or 0
    events = await records.timeline(upload.id)
    assert len(events) == 100
    assert events[-1].detail.startswith("to 150")
