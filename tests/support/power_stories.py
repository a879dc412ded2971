"""What happens to an upload while a disk that remembers looks on, and what its client is told."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

from support.feed import Feed
from support.house import House
from support.powercut import Disk
from tusline.endings import Ended
from tusline.upload import Outcome, Phase, UploadId, Variant

DATA = random.Random(1).randbytes(40_000)
SMALL = random.Random(2).randbytes(9000)
"""What stands for the optimized variant."""

Story = Callable[[House, Disk, UploadId], Awaitable[None]]


async def send(house: House, disk: Disk, id: UploadId, upto: int) -> None:
    """A request that brings the bytes up to `upto`, in pieces, and tells the offset."""
    start = (await house.get(id)).offset
    feed = Feed()
    for at in range(start, upto, 3000):
        feed.send(DATA[at : min(at + 3000, upto)])
    appended = await house.append(id, start, feed.end())
    assert appended.ended is Ended.COMPLETE
    disk.say("offset", appended.upload.offset)
    if appended.upload.phase is Phase.RECEIVED:
        disk.say("done")


async def in_three_requests(house: House, disk: Disk, id: UploadId) -> None:
    for upto in (11_000, 26_000, 40_000):
        await send(house, disk, id, upto)
        await house.service.watermarks.flush()


async def with_a_take_over(house: House, disk: Disk, id: UploadId) -> None:
    """The first writer freezes with the file locked, so that its successor begins an extent."""
    await send(house, disk, id, 9000)
    await house.service.watermarks.flush()
    frozen = Feed().send(DATA[9000:12_000])
    holding = asyncio.ensure_future(house.append(id, 9000, frozen))
    while (await house.get(id)).offset < 12_000:
        await asyncio.sleep(0)
    writer = house.store.writers[-1]
    writer.flowing.clear()
    frozen.send(b"\0" * 3000)
    await writer.hanging.wait()
    await send(house, disk, id, 30_000)
    await house.service.watermarks.flush()
    await send(house, disk, id, 40_000)
    writer.flowing.set()
    assert (await holding).ended is Ended.LEASE_LOST


async def optimized(house: House, disk: Disk, id: UploadId) -> None:
    await send(house, disk, id, 40_000)
    job = await house.doors.records.start_job(id)
    assert job is not None
    source = Path(disk.root).with_name("small")
    source.write_bytes(SMALL)
    key = await house.doors.store.put(job.upload, "main-1.jpg", source, "image/jpeg")
    made = Variant(
        name="main", key=key, content_type="image/jpeg", width=1, height=1, size=len(SMALL)
    )
    outcome = Outcome(phase=Phase.READY, variants=(made,))
    await house.doors.records.publish(id, job.token, outcome)


async def removed_in_the_middle(house: House, disk: Disk, id: UploadId) -> None:
    await send(house, disk, id, 20_000)
    await house.service.watermarks.flush()
    await house.service.terminator.terminate(id, owner=None)
