"""Threads for calls that block."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Generator

import pytest

from tusline.storage.s3.threads import Threads

HANGING = """
import threading
from tusline.storage.s3.threads import Threads
threads, begun = Threads("hanging", 1), threading.Event()
threads.post(lambda: (begun.set(), threading.Event().wait()))
begun.wait()
"""


@pytest.fixture
def threads() -> Generator[Threads]:
    made = Threads("test", 2)
    yield made
    made.close()


async def test_as_many_steps_as_allowed_are_done_at_a_time(threads: Threads) -> None:
    together, busy, most = threading.Barrier(2), list[int](), list[int]()

    def step() -> None:
        busy.append(1)
        most.append(len(busy))
        together.wait(10)
        busy.pop()

    await asyncio.gather(*(threads.run(step) for _ in range(20)))
    assert max(most) == 2


async def test_what_a_step_raises_its_caller_gets(threads: Threads) -> None:
    def fail() -> None:
        raise KeyError("no")

    with pytest.raises(KeyError):
        await threads.run(fail)


async def test_a_step_whose_caller_has_left_is_not_begun(threads: Threads) -> None:
    go_on, done = threading.Event(), list[int]()
    running = [asyncio.ensure_future(threads.run(go_on.wait)) for _ in range(2)]
    queued = asyncio.ensure_future(threads.run(lambda: done.append(1)))
    await asyncio.sleep(0)
    queued.cancel()
    await asyncio.gather(queued, return_exceptions=True)
    go_on.set()
    await asyncio.gather(*running)
    await threads.run(lambda: done.append(2))
    assert done == [2]


async def test_steps_are_done_after_a_close_too(threads: Threads) -> None:
    assert await threads.run(lambda: 1) == 1
    last = threads.post(lambda: 2)
    threads.close()
    assert last.result(10) == 2
    assert await threads.run(lambda: 3) == 3


def test_a_step_that_hangs_does_not_keep_a_process_from_ending() -> None:
    subprocess.run([sys.executable, "-c", HANGING], check=True, timeout=20)
