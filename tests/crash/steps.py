"""What several operations do."""

import asyncio
from contextlib import suppress
from dataclasses import replace

from support.ledgers import ListLedger
from tusline.errors import UnknownUpload
from tusline.upload import Delta

from .scene import Scene


async def terminate(scene: Scene) -> None:
    assert scene.client.id is not None
    await scene.house.service.terminator.terminate(scene.client.id, owner=None)


async def terminate_again(scene: Scene) -> None:
    """As a client does that got no answer."""
    with suppress(UnknownUpload):
        await terminate(scene)


async def committed(scene: Scene, data: bytes, *, hanging: bool = False) -> None:
    """Bytes that were committed by somebody who then died; `hanging`: and still has the file."""
    records, store = scene.house.doors.records, scene.house.doors.store
    assert scene.client.id is not None
    begun = await records.begin(scene.client.id)
    assert begun.token is not None
    ledger = ListLedger()
    writer = await store.open(begun.upload, begun.token, ledger)
    await writer.write(data)
    await writer.flush()
    if not hanging:
        writer.abandon()
    delta: Delta = replace(ledger.told, number=1, head=data)
    now = await records.end(scene.client.id, begun.token, delta, "died")
    scene.client.told = now.offset


async def work_off(scene: Scene) -> None:
    """Sweep, and have the real engine do what is queued."""
    jobs = scene.house.doors.jobs
    await scene.sweep()
    working = asyncio.ensure_future(jobs.work(scene.optimizer().run))
    while await jobs.depth():
        await asyncio.sleep(0.005)
    working.cancel()
    await asyncio.wait([working])
