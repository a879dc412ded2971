"""No request lasts much longer than it may, whatever hangs behind it (I6)."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from support.doors import GatedRecords
from support.feed import Feed
from support.house import House, open_house
from tusline.errors import ChecksumMismatch, RecordsUnavailable
from tusline.interfaces import BlobStore, Records
from tusline.rules import Append, Creation
from tusline.service import appending, clearing
from tusline.service.doors import Doors
from tusline.upload import Phase, Upload

LATE = 0.3
DEADLINE = 0.5
WRONG = "sha1 AAAAAAAAAAAAAAAAAAAAAAAAAAA="


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(appending, "LATE", LATE)
    monkeypatch.setattr(clearing, "SOON", LATE)


class HangingStore:
    """A store whose deletions hang until `flowing` is set."""

    def __init__(self, inner: BlobStore) -> None:
        self._inner = inner
        self.flowing = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def discard(self, upload: Upload) -> None:
        await self.flowing.wait()
        await self._inner.discard(upload)


@asynccontextmanager
async def with_hanging_deletions(tmp_path: Path) -> AsyncGenerator[tuple[House, HangingStore]]:
    def wrap(doors: Doors) -> Doors:
        return replace(doors, store=cast(BlobStore, HangingStore(doors.store)))

    async with open_house(tmp_path / "data", wrap=wrap) as house:
        yield house, cast(HangingStore, house.doors.store)


@pytest.mark.parametrize("whole", [True, False])
async def test_records_that_do_not_answer_hold_no_request_beyond_its_deadline(
    tmp_path: Path, whole: bool
) -> None:
    def wrap(doors: Doors) -> Doors:
        return replace(doors, records=cast(Records, GatedRecords(doors.records)))

    async with open_house(tmp_path / "data", wrap=wrap) as house:
        gated = cast(GatedRecords, house.doors.records)
        upload = await house.created(10)
        gated.gate.clear()
        feed = Feed().end(b"1234567890") if whole else Feed().send(b"1234567")
        append = Append(offset=0, length=None, body=None)
        loop = asyncio.get_running_loop()
        began = loop.time()
        with pytest.raises(RecordsUnavailable):
            await house.service.appender.append(
                upload.id, append, feed.body(deadline=DEADLINE), owner=None
            )
        assert loop.time() - began < DEADLINE + LATE + 1
        gated.gate.set()
        now = await house.service.looker.offset(upload.id, owner=None)
        await house.append(upload.id, now.offset, Feed().end(b"1234567890"[now.offset :]))
        assert await house.content(upload.id) == b"1234567890"


async def test_who_deletes_does_not_wait_for_a_disk_that_hangs(tmp_path: Path) -> None:
    async with with_hanging_deletions(tmp_path) as (house, store):
        upload = await house.created(10)
        await house.append(upload.id, 0, Feed().send(b"1234").cut())
        async with asyncio.timeout(5):
            await house.service.terminator.terminate(upload.id, owner=None)
        assert (await house.get(upload.id)).phase is Phase.TERMINATED
        assert (await store.stored(after="", limit=9))[0] == [upload.id]
        store.flowing.set()
        assert (await house.service.sweeper.sweep()).cleared == 1
        assert await store.stored(after="", limit=9) == ([], "")


async def test_who_is_refused_does_not_wait_either(tmp_path: Path) -> None:
    async with with_hanging_deletions(tmp_path) as (house, _):
        creation = Creation(length=4, metadata=None, body=4)
        body = Feed(WRONG).end(b"1234").body()
        async with asyncio.timeout(5):
            with pytest.raises(ChecksumMismatch):
                await house.service.creator.create(creation, body, owner="")
