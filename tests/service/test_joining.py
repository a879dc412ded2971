"""Final uploads whose members come late, several times or not at all."""

from dataclasses import replace

import pytest

from support.feed import Feed
from support.house import House
from support.joins import final, looked, partial
from support.ledgers import ListLedger
from support.uploads import fresh
from tusline.errors import StoreUnavailable
from tusline.interfaces import Due
from tusline.upload import HEAD_BYTES, Delta, Phase, Upload, UploadId

DATA = bytes(range(200))


async def test_the_first_bytes_of_a_final_upload_are_its_members(house: House) -> None:
    pieces = [DATA[at : at + 7] for at in range(0, 84, 7)]
    upload = await final(house, *[await partial(house, piece) for piece in pieces])
    assert upload.head == DATA[:HEAD_BYTES]
    assert await house.content(upload.id) == DATA[:84]


async def test_members_that_come_late_finish_every_final_upload_that_waits(house: House) -> None:
    one, two = await partial(house, b"", length=4), await partial(house, b"22", length=4)
    waiting = [await final(house, *order) for order in ((one, two), (two, one), (one, one))]
    assert all(upload.pending for upload in waiting)
    await house.append(one.id, 0, Feed().end(b"1111"))
    assert [(await house.get(u.id)).phase is Phase.RECEIVED for u in waiting] == [
        False,
        False,
        True,
    ]
    await house.append(two.id, 2, Feed().end(b"22"))
    contents = [await house.content(upload.id) for upload in waiting]
    assert contents == [b"11112222", b"22221111", b"11111111"]
    assert (await house.get(one.id)).finals == (await house.get(two.id)).finals == ()


async def test_a_final_upload_lives_as_long_as_its_slowest_member_comes_on(house: House) -> None:
    whole, slow = await partial(house, b"11"), await partial(house, b"", length=4)
    pending = await final(house, whole, slow)
    for at in range(3):
        house.clock.forward(3000)
        assert (await house.service.sweeper.sweep()).expired == 0
        await house.append(slow.id, at, Feed().send(b"2").cut())
    assert (await looked(house, whole.id)).offset == 2
    await house.append(slow.id, 3, Feed().end(b"2"))
    assert await house.content(pending.id) == b"112222"
    house.clock.forward(3601)
    assert (await house.service.sweeper.sweep()).expired == 2
    assert (await house.get(pending.id)).phase is Phase.RECEIVED


async def test_a_final_upload_goes_with_the_member_that_expires_and_frees_the_others(
    house: House,
) -> None:
    whole, slow = await partial(house, b"11"), await partial(house, b"", length=4)
    pending = await final(house, whole, slow)
    house.clock.forward(3601)
    assert (await house.service.sweeper.sweep()).expired == 1
    assert (await house.get(slow.id)).phase is Phase.EXPIRED
    await house.service.sweeper.sweep()
    assert (await house.get(pending.id)).phase is Phase.EXPIRED
    assert (await house.service.sweeper.sweep()).expired == 1
    assert (await house.get(whole.id)).phase is Phase.EXPIRED


async def test_a_sweep_leaves_alone_what_was_used_in_a_final_upload_meanwhile(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = await partial(house, b"11")
    records = house.doors.records
    house.clock.forward(3601)
    due = await records.due(10)
    assert [upload.id for upload in due.expired] == [whole.id]

    async def before(limit: int) -> Due:
        return due

    final = replace(fresh(length=None), concat="final;...", members=(whole.id,))
    await records.create(final, lease=False)
    monkeypatch.setattr(records, "due", before)
    assert (await house.service.sweeper.sweep()).expired == 0
    assert (await looked(house, whole.id)).offset == 2


async def test_a_member_completed_while_its_final_upload_is_looked_at_is_not_missed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = await partial(house, b"1", length=4)
    pending = await final(house, one)
    joiner = house.service.settler._joiner
    join = joiner.join

    async def late(lease: object) -> bool:
        found = await join(lease)  # type: ignore[arg-type]
        monkeypatch.setattr(joiner, "join", join)
        await house.append(one.id, 1, Feed().end(b"111"))  # whose settle finds the lease taken
        return found

    monkeypatch.setattr(joiner, "join", late)
    await house.service.settler.settle(pending.id)
    assert await house.content(pending.id) == b"1111"


async def test_a_look_at_a_final_upload_that_waits_reads_each_member_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = [await partial(house, b"1", length=2) for _ in range(5)]
    pending = await final(house, *members)
    records, read = house.doors.records, list[UploadId]()
    get = records.get

    async def counted(id: UploadId) -> Upload:
        read.append(id)
        return await get(id)

    monkeypatch.setattr(records, "get", counted)
    assert (await looked(house, pending.id)).token == pending.token  # and takes no lease
    assert read == [pending.id, *(member.id for member in members)]


async def test_a_look_tells_the_length_once_each_member_has_one(house: House) -> None:
    one, two = await partial(house, b"1", length=2), await partial(house, b"1", length=None)
    pending = await final(house, one, two)
    assert (await looked(house, pending.id)).length is None
    begun = await house.doors.records.begin(two.id)
    await house.doors.records.end(two.id, begun.token or 0, Delta(number=1, length=3), "")
    assert (await looked(house, pending.id)).length == 5
    assert (await looked(house, pending.id)).pending


async def test_a_complete_partial_upload_survives_a_power_cut(house: House) -> None:
    """As a finished one does: its client sends no more bytes, and may ask for the join."""
    one = await partial(house, b"11")
    assert (one.offset, one.synced) == (2, 2)


async def test_members_are_on_the_disk_before_they_are_joined(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a process that was killed never synced may be lost, and read back wrong."""

    async def failing(upload: Upload) -> None:
        raise StoreUnavailable("the disk does not answer")

    one = await partial(house, b"", length=2)
    begun = await house.doors.records.begin(one.id)
    token, ledger = begun.token or 0, ListLedger()
    writer = await house.doors.store.open(begun.upload, token, ledger)
    await writer.write(b"11")
    writer.abandon()
    told = replace(ledger.told, number=1, head=b"11")
    assert (await house.doors.records.end(one.id, token, told, "killed")).synced == 0
    with monkeypatch.context() as broken:
        broken.setattr(house.store, "sync", failing)
        upload = await final(house, one)
        assert (upload.pending, (await house.get(upload.id)).offset) == (True, 0)
    upload = await looked(house, upload.id)
    assert (await house.get(one.id)).synced == 2
    assert (upload.phase, upload.synced) == (Phase.RECEIVED, 2)
