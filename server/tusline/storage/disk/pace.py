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
        self._short = Pool("tusline-disk", threads)
        self._long = Pool("tusline-seal", threads)  # long steps would keep short ones waiting
        self._slow = slow
        self._slow_until = 0.0

    async def run(self, step: Callable[[], T]) -> T:
        """A short step: on the loop, or in a thread while the disk is slow."""
        begun = time.monotonic()
        try:
            if begun < self._slow_until:
                return await self._short.run(step)
            return step()
        finally:
            if time.monotonic() - begun > self._slow:
                self._slow_until = time.monotonic() + SLOW_FOR

    async def thread(self, step: Callable[[], T]) -> T:
        """A step that may be long (a sync, a join): always in a thread."""
        return await self._long.run(step)

    def close(self) -> None:
        """Wait for all steps, and end the threads."""
        self._short.close()
        self._long.close()


class Pool:
    """Threads that are made when the first step comes, and anew after `close`."""

    def __init__(self, name: str, threads: int) -> None:
        self._name = name
        self._threads = threads
        self._executor: ThreadPoolExecutor | None = None

    async def run(self, step: Callable[[], T]) -> T:
        """The step is not interrupted when the caller is: it ends by itself."""
        if self._executor is None:
            self._executor = ThreadPoolExecutor(self._threads, thread_name_prefix=self._name)
        running = asyncio.get_running_loop().run_in_executor(self._executor, step)
        return await asyncio.shield(running)

    def close(self) -> None:
        if self._executor is not None:
            self._executor.shutdown(wait=True)  # steps that wait, too: some hold files open
            self._executor = None
