"""A disk that does not even tell how full it is."""

import errno
import os
from pathlib import Path

import pytest

from support.feed import Feed
from support.house import House
from tusline.errors import StoreUnavailable
from tusline.storage.disk.room import Room


async def test_an_append_ends_as_on_any_disk_that_fails(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = await house.created(10)

    def statvfs(path: Path) -> os.statvfs_result:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as broken:
        broken.setattr(os, "statvfs", statvfs)
        appended = await house.append(upload.id, 0, Feed().end(b"1234567890"))
        assert isinstance(appended.error, StoreUnavailable)
        assert appended.upload.offset == 0
    await house.append(upload.id, 0, Feed().end(b"1234567890"))
    assert await house.content(upload.id) == b"1234567890"


def test_a_disk_that_did_not_tell_is_asked_again(tmp_path: Path) -> None:
    room = Room(tmp_path / "gone", reserve=0)
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            room.take(1)
