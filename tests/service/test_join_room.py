"""A join for which the disk has no room any more, though it had at the creation."""

from pathlib import Path

import pytest

from support.feed import Feed
from support.house import House
from support.joins import files_of, final, looked, partial
from tusline.storage.disk import room
from tusline.storage.disk.room import Room
from tusline.storage.disk.writer import DiskWriter
from tusline.upload import Phase


async def test_a_join_without_room_for_all_members_copies_none_and_is_done_once_there_is(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = await partial(house, b"11"), await partial(house, b"22", length=3)
    upload = await final(house, one, two)
    copied: list[Path] = []
    append_file = DiskWriter.append_file

    async def noting(writer: DiskWriter, source: Path, start: int, size: int) -> None:
        copied.append(source)
        await append_file(writer, source, start, size)

    monkeypatch.setattr(DiskWriter, "append_file", noting)
    monkeypatch.setattr(room, "LOOK_EVERY", 1)
    with monkeypatch.context() as narrow:
        narrow.setattr(Room, "free", lambda self: 4)  # enough for each, but not for both
        appended = await house.append(two.id, 2, Feed().end(b"2"))
        assert appended.upload.complete
        await house.service.sweeper.sweep()
        seen = await looked(house, upload.id)
        assert (seen.pending, seen.offset) == (True, 0)
        assert copied == []
        assert not any(path.stat().st_size for path in files_of(tmp_path, upload))
    await house.service.sweeper.sweep()
    assert (await house.get(upload.id)).phase is Phase.RECEIVED
    assert await house.content(upload.id) == b"11222"
    assert len(copied) == 2
