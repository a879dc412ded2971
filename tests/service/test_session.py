"""Commits of a running append: in order, once each, and the last piece held back."""

import asyncio
from typing import cast

import pytest

from support.checksums import checksum
from support.doors import GatedRecords
from support.feed import Feed
from support.house import House
from tusline.endings import Ended
from tusline.errors import LeaseLost, RecordsUnavailable, StoreUnavailable, TuslineError
from tusline.interfaces import Records, Writer
from tusline.service.lease import Lease
from tusline.service.session import Rhythm, Session
from tusline.upload import NOTHING, Delta, UploadId

EAGER = Rhythm(commit_bytes=1, commit_seconds=60, commit_pause=0, strict=False)
PATIENT = Rhythm(commit_bytes=1000, commit_seconds=60, commit_pause=0, strict=False)
STRICT = Rhythm(commit_bytes=1, commit_seconds=60, commit_pause=0, strict=True)
LAZY = Rhythm(commit_bytes=1000, commit_seconds=0.02, commit_pause=0, strict=False)


class Bench:
    """One session on gated records."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.records = GatedRecords(house.doors.records)
        self.body = Feed().body()

    async def session(self, length: int | None, rhythm: Rhythm = EAGER) -> Session:
        upload = await self._house.created(length)
        begun = await self.records.begin(upload.id)
        records = cast(Records, self.records)
        doors, watermarks = self._house.doors, self._house.service.watermarks
        lease = Lease(begun.upload, begun.token, records, doors.signals, watermarks.committed)
        return Session(lease, self.body, rhythm, length=length)

    async def offset(self, session: Session) -> int:
        return (await self._house.get(UploadId(session.lease.upload.id))).offset


@pytest.fixture
async def bench(house: House) -> Bench:
    return Bench(house)


async def test_the_completing_piece_is_held_back_also_while_a_commit_is_under_way(
    bench: Bench,
) -> None:
    session = await bench.session(10)
    bench.records.gate.clear()
    session.add(Delta(added=4))
    await bench.records.at_the_gate.wait()
    session.add(Delta(added=5))
    session.add(Delta(added=1))
    bench.records.gate.set()
    await session.settled()
    rest = session.rest(ended_well=False)
    assert session.lease.upload.grown(rest).offset == 9


async def test_a_journalled_entry_waits_its_turn_and_loses_nothing(bench: Bench) -> None:
    session = await bench.session(100)
    bench.records.gate.clear()
    session.add(Delta(added=4))
    await bench.records.at_the_gate.wait()
    entries = [session.record(Delta(journal=(f"part {n}",))) for n in range(3)]
    recording = asyncio.gather(*entries)
    await asyncio.sleep(0)
    session.add(Delta(added=4))
    bench.records.gate.set()
    await recording
    await session.settled()
    rest = session.rest(ended_well=True)
    assert session.lease.upload.grown(rest).offset == 8
    assert session.lease.upload.grown(rest).journal == ("part 0", "part 1", "part 2")


async def test_a_commit_whose_answer_is_lost_is_sent_again_and_counts_once(bench: Bench) -> None:
    session = await bench.session(100, PATIENT)
    bench.records.lose_answers = 1
    session.add(Delta(added=4))
    with pytest.raises(RecordsUnavailable):
        await session.record(Delta(journal=("part 1",)))
    session.add(Delta(added=3))
    await session.record(Delta(journal=("part 2",)))
    now = await session.lease.end(session.rest(ended_well=True), "complete")
    assert (now.offset, now.journal) == (7, ("part 1", "part 2"))


async def test_a_request_whose_commit_fails_ends_and_keeps_every_durable_byte(
    bench: Bench,
) -> None:
    session = await bench.session(100)
    bench.records.lose_answers = 1
    session.add(Delta(added=4))
    assert await bench.body.read() is None
    assert bench.body.ended is Ended.FAILED
    assert isinstance(session.failure, RecordsUnavailable)
    session.add(Delta(added=3))
    await session.settled()
    now = await session.lease.end(session.rest(ended_well=False), "failed")
    assert now.offset == 7


async def test_what_came_while_a_commit_was_under_way_is_committed_in_time(bench: Bench) -> None:
    session = await bench.session(100, LAZY)
    bench.records.gate.clear()
    session.add(Delta(added=4))
    await bench.records.at_the_gate.wait()
    session.add(Delta(added=5))
    bench.records.at_the_gate.clear()
    bench.records.gate.set()
    await asyncio.wait_for(bench.records.at_the_gate.wait(), 5)
    await session.settled()
    assert await bench.offset(session) == 9


async def test_a_fenced_session_stops_its_body(bench: Bench) -> None:
    session = await bench.session(100)
    await bench.records.begin(session.lease.upload.id, overtake=session.lease.token)
    session.add(Delta(added=4))
    assert await bench.body.read() is None
    assert bench.body.ended is Ended.LEASE_LOST
    with pytest.raises(LeaseLost):
        await session.record(NOTHING)


async def test_the_first_bytes_are_kept_however_they_are_cut(bench: Bench) -> None:
    session = await bench.session(200, PATIENT)
    data = bytes(range(150))
    for start in range(0, 150, 7):
        piece = data[start : start + 7]
        session.lease.saw(piece)
        session.add(Delta(added=len(piece)))
        await session.record(NOTHING)
    assert session.lease.upload.head == data[:64]


async def test_bytes_cannot_be_recorded_past_the_one_that_is_held_back(bench: Bench) -> None:
    session = await bench.session(10)
    with pytest.raises(ValueError, match="add"):
        await session.record(Delta(added=10))
    assert await bench.offset(session) == 0


# --- bodies that come with a checksum ------------------------------------------------------------


async def test_entries_without_bytes_are_recorded_while_bytes_await_their_checksum(
    bench: Bench,
) -> None:
    bench.body = Feed(checksum(b"1234")).end(b"1234").body()
    session = await bench.session(100)
    session.add(Delta(added=4, journal=("segment",)))
    await session.record(Delta(journal=("part 1",)))
    recorded = session.lease.upload
    assert (recorded.offset, recorded.journal) == (0, ("part 1",))
    assert await bench.body.read() == b"1234"
    assert await bench.body.read() is None
    assert session.verified()
    now = await session.lease.end(session.rest(ended_well=True), "complete")
    assert (now.offset, now.journal) == (4, ("part 1", "segment"))


class Syncing:
    """Implements Writer as far as `Session.writing` uses it."""

    def __init__(self, error: TuslineError | None) -> None:
        self.error = error
        self.synced = False

    async def flush(self) -> None: ...

    async def sync(self) -> None:
        if self.error is not None:
            raise self.error
        self.synced = True

    def abandon(self) -> None: ...


@pytest.mark.parametrize("error", [None, StoreUnavailable("the disk does not answer")])
async def test_strictly_a_verified_body_is_synced_before_it_counts(
    bench: Bench, error: TuslineError | None
) -> None:
    bench.body = Feed(checksum(b"1234")).end(b"1234").body()
    session = await bench.session(100, STRICT)
    writer = Syncing(error)
    try:
        async with session.writing(cast(Writer, writer)):
            while (piece := await bench.body.read()) is not None:
                session.add(Delta(added=len(piece)))
                assert not writer.synced
    except StoreUnavailable as failure:
        session.fail(failure)
    well = session.verified()
    assert well is (error is None)
    assert session.rest(ended_well=well) == (Delta(added=4, synced=True) if well else NOTHING)
