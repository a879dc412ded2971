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
    so each step is timed, and one slower than `slow` seconds sends the next ones to a thread."""

    def __init__(self, *, threads: int, slow: float) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="tusline-disk")
        self._slow = slow
        self._slow_until = 0.0

    async def run(self, step: Callable[[], T]) -> T:
        """A short step: on the loop, or in a thread while the disk is slow."""
        begun = time.monotonic()
        if begun < self._slow_until:
            return await self.thread(step)
        try:
            return step()
        finally:
            self._judge(time.monotonic() - begun)

    async def thread(self, step: Callable[[], T]) -> T:
        """A step that may be long (a sync, a join): always in a thread.

        The step is not interrupted when the caller is: it ends by itself, before `close` returns.
        """
        begun = time.monotonic()
        try:
            running = asyncio.get_running_loop().run_in_executor(self._pool, step)
            return await asyncio.shield(running)
        finally:
            if begun < self._slow_until:
                self._judge(time.monotonic() - begun)

    def _judge(self, seconds: float) -> None:
        if seconds > self._slow:
            self._slow_until = time.monotonic() + SLOW_FOR

    def close(self) -> None:
        self._pool.shutdown(wait=True)
