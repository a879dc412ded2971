"""The embedded records between two openings: no server, another boot, a clock that was set."""

import sqlite3
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from support.clock import HandClock
from support.uploads import (
    EXPIRES,
    KEEP_ORIGINALS,
    KEEP_RECORDS,
    LEASE_TTL,
    VARIANT,
    created,
    ended,
    fresh,
)
from tusline.interfaces import Due
from tusline.records.sqlite import thread as sqlite_thread
from tusline.records.sqlite.records import SqliteRecords
from tusline.upload import Delta, Outcome, Phase

READY = Outcome(phase=Phase.READY, variants=(VARIANT,), sha256="ab")
YEAR = 365 * 86400.0
WRONG = [YEAR, -YEAR]

Open = Callable[..., AbstractAsyncContextManager[SqliteRecords]]


@pytest.fixture
def opened(tmp_path: Path, clock: HandClock) -> Open:
    """The records, opened and closed again."""

    @asynccontextmanager
    async def one(*, boot: str = "one", expires: float = EXPIRES) -> AsyncGenerator[SqliteRecords]:
        records = SqliteRecords(
            tmp_path / "r.db",
            clock,
            lease_ttl=LEASE_TTL,
            expires=expires,
            wait=15,
            boot=boot,
            keep_records=KEEP_RECORDS,
            keep_originals=KEEP_ORIGINALS,
        )
        records.open()
        yield records
        records.close()

    return one


async def progressed(records: SqliteRecords) -> None:
    """An unfinished upload that has EXPIRES seconds from now."""
    upload, token = await created(records)
    await records.end(upload.id, token, Delta(number=1, added=1, head=b"x"), "")


async def sweep(opened: Open, boot: str = "one") -> Due:
    """As `tusline sweep` without a server looks at it."""
    async with opened(boot=boot) as records:
        return await records.due(10)


# --- unfinished uploads ------------------------------------------------------------------------


@pytest.mark.parametrize("boot", ["one", "two"])
async def test_the_time_without_a_server_is_given_back(
    opened: Open, clock: HandClock, boot: str
) -> None:
    async with opened() as records:
        await progressed(records)
        clock.forward(EXPIRES - 10)
    clock.forward(EXPIRES - 10)
    async with opened(boot=boot) as records:
        assert (await records.due(10)).expired == ()
        clock.forward(9)
        assert (await records.due(10)).expired == ()
        clock.forward(2)
        assert len((await records.due(10)).expired) == 1


async def test_sweeps_without_a_server_expire_uploads_some_day(
    opened: Open, clock: HandClock
) -> None:
    async with opened() as records:
        await progressed(records)
    for _ in range(9):
        clock.forward(EXPIRES / 5)
        assert (await sweep(opened)).expired == ()
    clock.forward(EXPIRES / 5 + 1)
    assert len((await sweep(opened)).expired) == 1


async def test_what_was_late_already_stays_late(opened: Open, clock: HandClock) -> None:
    async with opened() as records:
        await progressed(records)
        clock.forward(EXPIRES + 1)
    clock.forward(EXPIRES / 2)
    assert len((await sweep(opened)).expired) == 1


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("boot", ["one", "two"])
async def test_a_clock_that_is_set_without_a_server_moves_the_deadline_with_it(
    opened: Open, clock: HandClock, wrong: float, boot: str
) -> None:
    async with opened() as records:
        await progressed(records)
    clock.set_by(wrong)
    async with opened(boot=boot) as records:
        assert (await records.due(10)).expired == ()
        upload = await records.get(fresh().id)
        assert upload.expires == pytest.approx(clock.now() + EXPIRES)
        clock.forward(EXPIRES + 1)
        assert len((await records.due(10)).expired) == 1


async def test_a_clock_that_is_set_twice_without_a_server_gives_no_second_life(
    opened: Open, clock: HandClock
) -> None:
    async with opened() as records:
        await progressed(records)
        clock.forward(EXPIRES / 2)
    for wrong in (YEAR, -YEAR):
        clock.set_by(wrong)
        await sweep(opened)
    async with opened() as records:
        clock.forward(EXPIRES / 2 + 1)
        assert len((await records.due(10)).expired) == 1


async def test_uploads_stay_where_the_operator_wants_none_to_expire_any_more(
    opened: Open, clock: HandClock
) -> None:
    async with opened() as records:
        await progressed(records)
    async with opened(expires=0) as records:
        clock.forward(YEAR)
        assert (await records.due(10)).expired == ()
        assert (await records.get(fresh().id)).expires is None


async def test_the_time_is_given_back_later_where_another_process_writes_at_the_opening(
    opened: Open, clock: HandClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_thread, "BUSY_MS", 20)
    async with opened() as records:
        await progressed(records)
        clock.forward(EXPIRES - 10)
    clock.forward(EXPIRES - 10)
    other = sqlite3.connect(tmp_path / "r.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    async with opened():  # as `tusline serve`, which looks whether it can open them, first
        pass
    async with opened() as records:
        other.execute("ROLLBACK")
        assert (await records.due(10)).expired == ()
        clock.forward(9)
        assert (await records.due(10)).expired == ()
        clock.forward(2)
        assert len((await records.due(10)).expired) == 1
    other.close()


async def test_uploads_from_a_time_when_none_expired_have_a_whole_life_afterwards(
    opened: Open, clock: HandClock
) -> None:
    async with opened(expires=0) as records:
        await progressed(records)
    clock.forward(YEAR)
    async with opened() as records:
        assert (await records.get(fresh().id)).expires == pytest.approx(clock.now() + EXPIRES)
        clock.forward(EXPIRES - 1)
        assert (await records.due(10)).expired == ()
        clock.forward(2)
        assert len((await records.due(10)).expired) == 1


# --- what is kept for a time -------------------------------------------------------------------


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("boot", ["one", "two"])
async def test_a_process_with_a_wrong_clock_shortens_nothing(
    opened: Open, clock: HandClock, wrong: float, boot: str
) -> None:
    clock.set_by(wrong)
    async with opened() as records:
        await ended(records, READY, "kept-00000000000")
        other, _ = await created(records)
        await records.retire(other.id, Phase.TERMINATED, None)
        await records.discarded(other.id)
    clock.set_by(-wrong)
    due = await sweep(opened, boot)
    assert (due.outdated, due.forgettable) == ((), ())


async def test_what_is_kept_for_a_time_goes_in_time_without_a_server(
    opened: Open, clock: HandClock
) -> None:
    async with opened() as records:
        await ended(records, READY)
    clock.set_by(-YEAR)
    clock.forward(KEEP_ORIGINALS - 1)
    assert (await sweep(opened)).outdated == ()
    clock.forward(2)
    assert len((await sweep(opened)).outdated) == 1


async def test_a_machine_that_is_off_keeps_things_longer(opened: Open, clock: HandClock) -> None:
    async with opened() as records:
        await ended(records, READY)
    clock.forward(YEAR)
    assert (await sweep(opened, "two")).outdated == ()
    async with opened(boot="two") as records:
        clock.forward(KEEP_ORIGINALS + 1)
        assert len((await records.due(10)).outdated) == 1


async def test_a_process_that_was_killed_counts_as_open_until_its_last_sweep(
    opened: Open, clock: HandClock, tmp_path: Path
) -> None:
    killed = tmp_path / "killed"
    async with opened() as records:
        await progressed(records)
        clock.forward(EXPIRES / 2)
        await records.due(10)
        with sqlite3.connect(tmp_path / "r.db") as live, sqlite3.connect(killed) as copy:
            live.backup(copy)
    killed.replace(tmp_path / "r.db")
    async with opened(boot="two") as records:
        clock.forward(EXPIRES / 2 + 1)
        assert len((await records.due(10)).expired) == 1
