"""What every adapter of the Records door promises of what has been kept long enough."""

import pytest

from support.clock import HandClock
from support.uploads import KEEP_ORIGINALS, KEEP_RECORDS, VARIANT, created, ended, fresh
from tusline.errors import UnknownUpload
from tusline.interfaces import Records
from tusline.upload import Outcome, Phase, Reason, Upload, UploadId

READY = Outcome(phase=Phase.READY, variants=(VARIANT,), sha256="ab")
STORED = Outcome(phase=Phase.READY, sha256="ab")
FAILED = Outcome(phase=Phase.FAILED, reason=Reason(code="broken", message="m"))
KEY = "a-key-of-the-client"


async def outdated(records: Records) -> list[str]:
    return [upload.id for upload in (await records.due(10)).outdated]


async def forgettable(records: Records) -> list[str]:
    return [upload.id for upload in (await records.due(10)).forgettable]


# --- originals ---------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", [READY, STORED, FAILED])
async def test_an_original_is_due_when_it_was_kept_long_enough_after_the_job(
    records: Records, clock: HandClock, outcome: Outcome
) -> None:
    upload = await ended(records, outcome)
    clock.forward(KEEP_ORIGINALS - 1)
    assert await outdated(records) == []
    clock.forward(2)
    assert await outdated(records) == [upload.id]


async def test_an_original_that_waits_for_its_job_is_never_due(
    records: Records, clock: HandClock
) -> None:
    upload = await ended(records, FAILED)
    await records.retire(upload.id, Phase.TERMINATED, None)
    other, token = await created(records, fresh("other-00000000000", length=0))
    await records.finish(other.id, token, None)
    clock.forward(10**8)
    assert await outdated(records) == []


async def test_an_original_goes_in_two_steps_and_its_variants_stay(
    records: Records, clock: HandClock
) -> None:
    upload = await ended(records, READY)
    clock.forward(KEEP_ORIGINALS + 1)
    now = await records.drop_original(upload.id)
    assert (now.phase, now.original_gone, now.variants) == (Phase.READY, True, (VARIANT,))
    assert now.version > upload.version
    assert await outdated(records) == [upload.id]
    assert await records.drop_original(upload.id) == now
    await records.original_dropped(upload.id)
    assert await outdated(records) == []
    assert await records.get(upload.id) == now


@pytest.mark.parametrize("outcome", [STORED, FAILED])
async def test_without_variants_an_upload_expires_with_its_original(
    records: Records, outcome: Outcome
) -> None:
    upload = await ended(records, outcome)
    assert (await records.drop_original(upload.id)).phase is Phase.EXPIRED
    due = await records.due(10)
    assert [one.id for one in due.leftover] == [upload.id]
    assert due.outdated == ()


async def test_an_upload_that_was_deleted_while_its_original_went_is_left_to_its_end(
    records: Records,
) -> None:
    upload = await ended(records, READY)
    await records.drop_original(upload.id)
    await records.retire(upload.id, Phase.TERMINATED, None)
    assert await outdated(records) == []
    assert (await records.drop_original(upload.id)).phase is Phase.TERMINATED


async def test_only_an_upload_whose_job_has_ended_drops_its_original(records: Records) -> None:
    receiving, token = await created(records, fresh(length=0))
    assert await records.drop_original(receiving.id) == receiving
    finished = await records.finish(receiving.id, token, None)
    assert await records.drop_original(receiving.id) == finished
    await records.original_dropped(receiving.id)
    assert not (await records.get(receiving.id)).original_gone
    with pytest.raises(UnknownUpload):
        await records.drop_original(UploadId("nobody-0000000000"))


@pytest.mark.parametrize("outcome", [READY, FAILED])
async def test_an_upload_that_was_stored_is_not_expired_by_mistake(
    records: Records, outcome: Outcome
) -> None:
    upload = await ended(records, outcome)
    assert await records.retire(upload.id, Phase.EXPIRED, None) == upload


# --- records -----------------------------------------------------------------------------------


async def over(records: Records, id: str = "over-000000000000") -> Upload:
    """An upload that is over and holds no bytes."""
    begun = await records.create(fresh(id), lease=False, key=KEY + id)
    await records.retire(begun.upload.id, Phase.TERMINATED, None)
    await records.discarded(begun.upload.id)
    return await records.get(begun.upload.id)


async def test_a_record_is_forgotten_so_long_after_the_end_of_its_upload(
    records: Records, clock: HandClock
) -> None:
    clock.forward(KEEP_RECORDS)
    upload = await over(records)
    clock.forward(KEEP_RECORDS - 1)
    assert await forgettable(records) == []
    clock.forward(2)
    assert await forgettable(records) == [upload.id]
    await records.forget(upload.id)
    await records.forget(upload.id)
    assert await forgettable(records) == []
    with pytest.raises(UnknownUpload):
        await records.get(upload.id)
    assert await records.timeline(upload.id) == []
    assert await records.named("", KEY + upload.id) is None


async def test_a_record_is_kept_while_bytes_are_left(records: Records, clock: HandClock) -> None:
    ready = await ended(records, READY)
    late, _ = await created(records, fresh("late-000000000000"))
    await records.retire(late.id, Phase.EXPIRED, None)
    clock.forward(10**8)
    assert await forgettable(records) == []
    for id in (ready.id, late.id):
        await records.forget(id)
        await records.get(id)


async def test_an_id_that_was_forgotten_can_be_used_again(
    records: Records, clock: HandClock
) -> None:
    upload = await over(records)
    clock.forward(1)
    await records.forget(upload.id)
    again, token = await created(records, fresh(upload.id))
    assert (again.journal, token > upload.token) == ((), True)
    assert [event.name for event in await records.timeline(again.id)] == ["created"]


async def test_a_key_that_has_passed_on_outlives_the_first_record(records: Records) -> None:
    first = await over(records)
    key = KEY + first.id
    second = await records.create(fresh("second-0000000000"), lease=False, key=key)
    await records.forget(first.id)
    assert await records.named("", key) == second.upload


async def test_what_is_due_is_bounded_and_the_oldest_first(
    records: Records, clock: HandClock
) -> None:
    for number in range(4):
        await ended(records, READY, f"ready-{number:011}")
        await over(records, f"over-{number:012}")
        clock.forward(1)
    await records.drop_original(UploadId(f"ready-{3:011}"))
    clock.forward(KEEP_RECORDS)
    due = await records.due(3)
    assert [upload.id for upload in due.outdated] == [f"ready-{n:011}" for n in (3, 0, 1)]
    assert [upload.id for upload in due.forgettable] == [f"over-{n:012}" for n in range(3)]
