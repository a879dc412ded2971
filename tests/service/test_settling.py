"""What a crash leaves between the last byte and the end, the sweeper brings to its end."""

import base64
from dataclasses import replace

import pytest

from support.feed import Feed
from support.house import House
from support.ledgers import ListLedger
from tusline.endings import Ended
from tusline.errors import ExpiredUpload, StoreFull, UnknownUpload
from tusline.interfaces import Writer
from tusline.rules import Append, Creation
from tusline.upload import Phase, Upload

DATA = b"1234567890"


async def committed(house: House) -> Upload:
    """An upload whose every byte is committed, and whose server died before it settled it."""
    upload = await house.created(len(DATA))
    begun = await house.doors.records.begin(upload.id)
    assert begun.token is not None
    ledger = ListLedger()
    writer: Writer = await house.doors.store.open(begun.upload, begun.token, ledger)
    await writer.write(DATA)
    await writer.flush()
    writer.abandon()
    whole = replace(ledger.told, number=1, head=DATA)
    return await house.doors.records.end(upload.id, begun.token, whole, "crashed")


async def test_a_sweep_settles_what_was_committed_and_not_sealed(house: House) -> None:
    upload = await committed(house)
    swept = await house.service.sweeper.sweep()
    await house.service.settler.idle()
    assert swept.settled == 1
    assert await house.content(upload.id) == DATA
    assert await house.doors.records.pending(after="", limit=9) == ([upload.id], "")


async def test_a_sweep_settles_what_was_sealed_and_not_finished(house: House) -> None:
    upload = await committed(house)
    await house.doors.store.seal(upload, 1, ListLedger())
    await house.service.sweeper.sweep()
    await house.service.settler.idle()
    assert await house.content(upload.id) == DATA


async def test_looking_for_the_offset_settles_too(house: House) -> None:
    upload = await committed(house)
    assert (await house.service.looker.offset(upload.id, owner=None)).offset == len(DATA)
    await house.service.settler.idle()
    assert await house.content(upload.id) == DATA


@pytest.mark.parametrize("sealed", [False, True])
async def test_an_empty_patch_at_the_end_settles_too(house: House, sealed: bool) -> None:
    upload = await committed(house)
    if sealed:
        await house.doors.store.seal(upload, 1, ListLedger())
    appended = await house.append(upload.id, len(DATA), Feed().end())
    assert (appended.ended, appended.upload.phase) == (Ended.COMPLETE, Phase.RECEIVED)


async def test_the_outbox_is_queued_again_by_each_sweep_and_once_in_effect(house: House) -> None:
    upload = await house.created(len(DATA))
    await house.append(upload.id, 0, Feed().end(DATA))
    for _ in range(3):
        assert (await house.service.sweeper.sweep()).queued == 1
    assert await house.doors.jobs.depth() == 1


async def test_a_sweep_expires_what_is_late_and_clears_its_bytes(house: House) -> None:
    upload = await house.created(len(DATA))
    await house.append(upload.id, 0, Feed().send(b"123").cut())
    house.clock.forward(3601)
    with pytest.raises(ExpiredUpload):
        await house.append(upload.id, 3, Feed().end(b"4567890"))
    assert (await house.service.sweeper.sweep()).expired == 1
    assert (await house.get(upload.id)).phase is Phase.EXPIRED
    with pytest.raises(ExpiredUpload):
        await house.service.looker.offset(upload.id, owner=None)
    assert (await house.doors.records.due(9)).leftover == ()


async def test_progress_keeps_an_upload_from_expiring(house: House) -> None:
    upload = await house.created(len(DATA))
    for at in range(3):
        house.clock.forward(3000)
        await house.append(upload.id, at, Feed().send(DATA[at : at + 1]).cut())
    assert (await house.service.sweeper.sweep()).expired == 0


async def test_a_full_disk_keeps_what_was_stored_and_says_so(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = await house.created(len(DATA))

    def full(descriptor: int, data: memoryview, at: int) -> None:
        raise OSError(28, "No space left on device")

    feed = Feed().send(b"123")
    await house.append(upload.id, 0, feed.cut())
    with monkeypatch.context() as broken:
        broken.setattr("tusline.storage.disk.writer.write_all", full)
        appended = await house.append(upload.id, 3, Feed().end(b"4567890"))
    assert appended.ended is Ended.FAILED
    assert isinstance(appended.error, StoreFull)
    assert appended.upload.offset == 3
    assert not appended.upload.held
    await house.append(upload.id, 3, Feed().end(b"4567890"))
    assert await house.content(upload.id) == DATA


async def test_a_stranger_can_neither_look_nor_append_nor_terminate(house: House) -> None:
    metadata = f"filename {base64.b64encode(b'x').decode()}"
    creation = Creation(length=len(DATA), metadata=metadata, body=0)
    upload = (await house.service.creator.create(creation, None, owner="ann")).upload
    append = Append(offset=0, length=None, body=None)
    for attempt in (
        house.service.looker.offset(upload.id, owner="bob"),
        house.service.looker.look(upload.id, owner="bob"),
        house.service.terminator.terminate(upload.id, owner="bob"),
        house.service.appender.append(upload.id, append, Feed().end(DATA).body(), owner="bob"),
    ):
        with pytest.raises(UnknownUpload):
            await attempt
    assert await house.get(upload.id) == replace(upload, token=(await house.get(upload.id)).token)
