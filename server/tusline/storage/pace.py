"""Disk work on the event loop while the disk is fast, and in threads while it is slow."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

SLOW_FOR = 5.0
"""Seconds for which one slow step moves the work to threads."""


class Pace:
    """A thread hop costs more than a write into the page cache, and a slow disk stops the loop:
    so each short step is timed, and one slower than `slow` seconds sends the next ones to a
    thread. `threads` is how many of each kind there are."""

    def __init__(self, *, threads: int, slow: float) -> None:
        self._threads = threads
        self._slow = slow
        self._slow_until = 0.0
        self.open()

    def open(self) -> None:
        """Make the threads: some for short steps, others for long ones, which would block them."""
        self._short = ThreadPoolExecutor(self._threads, thread_name_prefix="tusline-disk")
        self._long = ThreadPoolExecutor(self._threads, thread_name_prefix="tusline-seal")

    async def run(self, step: Callable[[], T]) -> T:
        """A short step: on the loop, or in a thread while the disk is slow."""
        begun = time.monotonic()
        try:
            if begun < self._slow_until:
                return await _in(self._short, step)
            return step()
        finally:
            if time.monotonic() - begun > self._slow:
                self._slow_until = time.monotonic() + SLOW_FOR

    async def thread(self, step: Callable[[], T]) -> T:
        """A step that may be long (a sync, a join): always in a thread."""
        return await _in(self._long, step)

    def close(self) -> None:
        """Wait for the steps under way, and end the threads."""
        self._short.shutdown(wait=True, cancel_futures=True)
        self._long.shutdown(wait=True, cancel_futures=True)


async def _in(pool: ThreadPoolExecutor, step: Callable[[], T]) -> T:
    """The step is not interrupted when the caller is: it ends by itself."""
    return await asyncio.shield(asyncio.get_running_loop().run_in_executor(pool, step))
