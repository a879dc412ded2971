"""The join of uploads into another one, on a disk: the kernel copies, or shares what it can."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from tusline.errors import BytesLost, MemberLost
from tusline.interfaces import Ledger
from tusline.storage.disk.extents import spans
from tusline.storage.disk.layout import Layout
from tusline.storage.disk.room import Room
from tusline.storage.disk.writer import DiskWriter
from tusline.upload import NOTHING, Upload

COPY_BYTES = 64 * 1024 * 1024
"""Bytes that are copied, or synced, in one step: others need the threads, too, and a stop of the
server waits for a step."""


async def join(
    members: Sequence[Upload], writer: DiskWriter, layout: Layout, room: Room, ledger: Ledger
) -> None:
    """Append the members' bytes to an empty upload; the ledger is told when all are synced. Raises
    StoreFull, MemberLost."""
    unsynced = 0
    for member in members:
        for path, start, count in _pieces(member, layout):
            if unsynced + count > COPY_BYTES:
                await writer.sync()
                await ledger.record(NOTHING)
                unsynced = 0
            room.take(count)  # others eat the room while it goes on
            await _append(writer, member, path, start, count)
            unsynced += count
    await writer.sync()
    writer.tell_appended()


def _pieces(upload: Upload, layout: Layout) -> Iterator[tuple[Path, int, int]]:
    """Where an upload's bytes lie, COPY_BYTES at most each: file, start, count."""
    for extent, end in spans(upload):
        path, size = layout.extent(upload.id, extent.token), end - extent.at
        for start in range(0, size, COPY_BYTES):
            yield path, start, min(COPY_BYTES, size - start)


async def _append(writer: DiskWriter, member: Upload, source: Path, start: int, count: int) -> None:
    try:
        await writer.append_file(source, start, count)
    except BytesLost as error:
        raise MemberLost(member.id) from error
