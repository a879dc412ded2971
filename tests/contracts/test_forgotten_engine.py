"""A closed engine does not stay in memory: an application opens one in each of its lives."""

import asyncio
import gc
import weakref
from contextlib import suppress

from tusline.jobs.docket import DocketEngine
from tusline.upload import UploadId


class Handler:
    """Whatever a handler refers to: here only that a job ran."""

    def __init__(self) -> None:
        self.ran = asyncio.Event()

    async def __call__(self, id: UploadId) -> None:
        self.ran.set()


async def run_one() -> tuple["weakref.ref[DocketEngine]", "weakref.ref[Handler]"]:
    engine, handler = DocketEngine("memory://", concurrency=1), Handler()
    async with engine:
        working = asyncio.ensure_future(engine.work(handler))
        await engine.enqueue(UploadId("an-upload-0000000"))
        async with asyncio.timeout(10):
            await handler.ran.wait()
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working
    return weakref.ref(engine), weakref.ref(handler)


async def test_a_closed_engine_and_its_handler_are_forgotten() -> None:
    engine, handler = await run_one()
    await asyncio.sleep(0)  # callbacks of what was cancelled
    gc.collect()
    assert (engine(), handler()) == (None, None)
