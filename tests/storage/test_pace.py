"""Threads of the disk."""

import asyncio
import threading

from tusline.storage.disk.pace import Pace


async def test_steps_that_wait_for_a_thread_are_done_before_it_is_closed() -> None:
    """Else files that they were to close would stay open, and locked."""
    pace = Pace(threads=1, slow=10)
    go_on, done = threading.Event(), list[int]()
    first = asyncio.ensure_future(pace.thread(go_on.wait))
    others = [asyncio.ensure_future(pace.thread(lambda: done.append(1))) for _ in range(3)]
    await asyncio.sleep(0)
    for step in (first, *others):
        step.cancel()
    closing = asyncio.ensure_future(asyncio.to_thread(pace.close))
    go_on.set()
    await closing
    assert len(done) == 3
