"""A body with a checksum counts as a whole or not at all, however it ends (CHK-07, CHK-14)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from support.checksums import checksum
from support.doors import FreezingWriter
from support.feed import Feed
from support.house import House
from tusline.endings import Ended
from tusline.errors import ChecksumMismatch, StoreFull
from tusline.rules import Append
from tusline.service.appending import Appended
from tusline.upload import Phase, UploadId

BODY = b"12345678"
BEGUN = b"ab"
"""What the upload has before the body with the checksum comes, to complete it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """An append under way: half of BODY is in the file, and the writer hangs over the rest."""

    id: UploadId
    feed: Feed
    writer: FreezingWriter
    appending: asyncio.Future[Appended]


async def holding(house: House, *, idle: float = 20) -> Holder:
    upload = await house.created(len(BEGUN + BODY))
    await house.append(upload.id, 0, Feed().end(BEGUN))
    feed = Feed(checksum(BODY))
    body = feed.send(BODY[:4]).body(idle=idle)
    append = Append(offset=len(BEGUN), length=None, body=None)
    task = asyncio.ensure_future(house.service.appender.append(upload.id, append, body, owner=None))
    while len(house.store.writers) < 2:
        await asyncio.sleep(0)
    writer = house.store.writers[1]
    while body.taken < 4:
        await asyncio.sleep(0)
    writer.flowing.clear()
    feed.send(BODY[4:])
    await writer.hanging.wait()
    return Holder(id=upload.id, feed=feed, writer=writer, appending=task)


async def cut(house: House, holder: Holder) -> None:
    holder.feed.cut()


async def drain(house: House, holder: Holder) -> None:
    house.service.running.drain()


async def look(house: House, holder: Holder) -> None:
    assert (await house.service.looker.offset(holder.id, owner=None)).offset == len(BEGUN)


async def nothing(house: House, holder: Holder) -> None:
    """The client is silent."""


async def last_note(house: House, id: UploadId) -> str:
    return (await house.doors.records.timeline(id))[-1].detail


async def can_go_on(house: House, id: UploadId) -> None:
    """Nothing of the body counts, the lease is free, and the same body completes the upload."""
    upload = await house.get(id)
    assert (upload.offset, upload.held, upload.phase) == (2, False, Phase.RECEIVING)
    again = await house.append(id, 2, Feed(checksum(BODY)).end(BODY))
    assert (again.added, again.error) == (len(BODY), None)
    assert await house.content(id) == BEGUN + BODY


@pytest.mark.parametrize(
    ("end", "ended"),
    [
        (cut, Ended.DISCONNECTED),
        (drain, Ended.DRAINED),
        (look, Ended.LET_GO),
        (nothing, Ended.IDLE),
    ],
)
async def test_a_body_that_ends_early_counts_for_nothing(
    house: House, end: Callable[[House, Holder], Awaitable[None]], ended: Ended
) -> None:
    holder = await holding(house, idle=0.05 if ended is Ended.IDLE else 20)
    holder.writer.flowing.set()
    await end(house, holder)
    appended = await holder.appending
    assert (appended.ended, appended.added, appended.upload.offset) == (ended, 0, 2)
    assert await last_note(house, holder.id) == f"to 2: request {ended}, 8 bytes discarded"
    house.service.running.reset()
    await can_go_on(house, holder.id)


async def test_a_body_that_is_what_was_said_counts_as_a_whole(house: House) -> None:
    holder = await holding(house)
    assert (await house.get(holder.id)).offset == len(BEGUN)
    holder.writer.flowing.set()
    holder.feed.end()
    whole = await holder.appending
    assert (whole.added, whole.error, whole.upload.phase) == (len(BODY), None, Phase.RECEIVED)
    assert await house.content(holder.id) == BEGUN + BODY


async def test_a_body_that_is_not_what_was_said_counts_for_nothing(house: House) -> None:
    upload = await house.created(10)
    wrong = await house.append(upload.id, 0, Feed(checksum(BODY)).send(b"1234").end(b"5679"))
    assert (wrong.ended, wrong.added) == (Ended.COMPLETE, 0)
    assert isinstance(wrong.error, ChecksumMismatch)
    told = await last_note(house, upload.id)
    assert told == "to 0: request checksum-mismatch, 8 bytes discarded"
    await house.append(upload.id, 0, Feed().end(BEGUN))
    await can_go_on(house, upload.id)


async def test_a_store_that_fails_loses_the_whole_body(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = await holding(house)

    async def full() -> None:
        raise StoreFull("the disk is full")

    monkeypatch.setattr(holder.writer, "flush", full)
    holder.writer.flowing.set()
    holder.feed.end()
    appended = await holder.appending
    assert (appended.ended, appended.added) == (Ended.COMPLETE, 0)
    assert isinstance(appended.error, StoreFull)
    await can_go_on(house, holder.id)


async def test_an_overtaken_holder_loses_the_whole_body(house: House) -> None:
    holder = await holding(house)
    newcomer = await house.append(holder.id, 2, Feed(checksum(b"xxxx")).end(b"xxxx"))
    assert (newcomer.added, newcomer.upload.offset) == (4, 6)
    holder.writer.flowing.set()
    holder.feed.end()
    assert (await holder.appending).ended is Ended.LEASE_LOST
    await house.append(holder.id, 6, Feed(checksum(b"yyyy")).end(b"yyyy"))
    assert await house.content(holder.id) == b"abxxxxyyyy"


async def test_bytes_that_were_discarded_in_an_extent_of_their_own_are_not_read(
    house: House,
) -> None:
    """A newcomer writes beside a frozen holder, and its body is refused: what it journalled with
    its bytes must not count either."""
    holder = await holding(house)
    wrong = await house.append(holder.id, 2, Feed(checksum(b"")).end(b"xxxx"))
    assert isinstance(wrong.error, ChecksumMismatch)
    assert (await house.get(holder.id)).journal == ()
    right = await house.append(holder.id, 2, Feed(checksum(BODY)).end(BODY))
    assert right.upload.phase is Phase.RECEIVED
    holder.writer.flowing.set()
    holder.feed.end()
    await holder.appending
    assert await house.content(holder.id) == BEGUN + BODY
