"""The disk turns read-only under a running service: refusals, no offset lost, all well after."""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from support.feed import Feed
from support.house import open_house
from tusline.errors import RecordsUnavailable
from tusline.records.sqlite import thread as sqlite_thread
from tusline.storage.disk import files


class ReadOnly:
    """`os` on a file system that the kernel has made read-only after an error."""

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def open(self, path: Path, flags: int, mode: int = 0o777) -> int:
        if flags & (os.O_RDWR | os.O_WRONLY | os.O_CREAT):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return os.open(path, flags, mode)

    def pwrite(self, descriptor: int, data: memoryview, at: int) -> int:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))


@contextmanager
def read_only_disk() -> Iterator[None]:
    """The store meets EROFS, and SQLite says so of its database."""
    run_one = sqlite_thread._run_one

    def refusing(connection: sqlite3.Connection, item: Any) -> None:
        connection.execute("PRAGMA query_only = ON")
        try:
            run_one(connection, item)
        finally:
            connection.execute("PRAGMA query_only = OFF")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "os", ReadOnly())
        patch.setattr(sqlite_thread, "_run_one", refusing)
        yield


async def test_an_upload_outlives_a_disk_that_was_read_only_for_a_while(tmp_path: Path) -> None:
    async with open_house(tmp_path / "data") as house:
        upload = await house.created(10)
        await house.append(upload.id, 0, Feed().end(b"12345"))
        with read_only_disk():
            assert (await house.service.looker.offset(upload.id, owner=None)).offset == 5
            with pytest.raises(RecordsUnavailable, match="readonly"):
                await house.append(upload.id, 5, Feed().end(b"67890"))
            with pytest.raises(RecordsUnavailable):
                await house.created(10)
            assert (await house.service.looker.offset(upload.id, owner=None)).offset == 5
        await house.append(upload.id, 5, Feed().end(b"67890"))
        assert await house.content(upload.id) == b"1234567890"


async def test_a_running_request_ends_with_what_was_stored(tmp_path: Path) -> None:
    async with open_house(tmp_path / "data") as house:
        upload = await house.created(10)
        await house.append(upload.id, 0, Feed().end(b"12"))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(files, "os", ReadOnly())
            appended = await house.append(upload.id, 2, Feed().end(b"345"))
            assert appended.error is not None
            assert (appended.error.code, appended.upload.offset) == ("store-unavailable", 2)
        await house.append(upload.id, 2, Feed().end(b"34567890"))
        assert await house.content(upload.id) == b"1234567890"
