"""A disk whose syncs hang, under a strict request that has older bytes to sync first (I6, I11)."""

import asyncio
import os
import threading
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.feed import Feed
from support.house import RHYTHM, House, open_house
from tusline.endings import Ended
from tusline.errors import StoreUnavailable
from tusline.rules import Append
from tusline.service import session
from tusline.service.appending import Appended
from tusline.storage.disk import files
from tusline.upload import Phase, UploadId

STRICT = replace(RHYTHM, strict=True)
DEADLINE = 0.1
ENOUGH = 10.0
"""Seconds after which a request hangs."""


class HangingSync:
    """`os` on a disk whose syncs of files hang until it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def fdatasync(self, descriptor: int) -> None:
        self.go.wait()
        os.fdatasync(descriptor)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Generator[HangingSync]:
    monkeypatch.setattr(session, "LATE", 0.1)
    disk = HangingSync()
    monkeypatch.setattr(files, "os", disk)
    yield disk
    disk.go.set()


async def append(house: House, id: UploadId, feed: Feed) -> Appended:
    """A request with a short deadline. Raises TimeoutError when it hangs."""
    append = Append(offset=5, length=None, body=None)
    body = feed.body(deadline=DEADLINE)
    async with asyncio.timeout(ENOUGH):
        return await house.service.appender.append(id, append, body, owner=None)


@pytest.fixture
async def id(tmp_path: Path) -> UploadId:
    """An upload with five bytes that were never synced."""
    async with open_house(tmp_path / "data") as lax:
        upload = await lax.created(10)
        await lax.append(upload.id, 0, Feed().end(b"12345"))
    return upload.id


async def test_a_strict_request_that_cannot_sync_older_bytes_in_time_fails_and_adds_none(
    tmp_path: Path, id: UploadId, disk: HangingSync
) -> None:
    async with open_house(tmp_path / "data", rhythm=STRICT) as house:
        try:
            appended = await append(house, id, Feed().end(b"67890"))
            assert (appended.ended, appended.added) == (Ended.FAILED, 0)
            assert isinstance(appended.error, StoreUnavailable)
            assert (appended.error.status, appended.error.code) == (503, "store-unavailable")
            now = await house.service.looker.offset(id, owner=None)
            assert (now.offset, now.synced) == (5, 0)
        finally:
            disk.go.set()
        appended = await append(house, id, Feed().end(b"67890"))
        assert appended.error is None
        assert (appended.upload.phase, appended.upload.synced) == (Phase.RECEIVED, 10)
        assert await house.content(id) == b"1234567890"
