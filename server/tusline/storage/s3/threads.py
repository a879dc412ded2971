"""Threads for calls that block, which never keep a process from ending."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


class Threads:
    """At most `count` threads, made when they are needed. Daemons, other than those of an executor:
    a store that does not answer must not hold up the end of the process."""

    def __init__(self, name: str, count: int) -> None:
        self._name = name
        self._count = count
        self._steps: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._idle = threading.Semaphore(0)

    async def run(self, step: Callable[[], T]) -> T:
        """The step's result. A cancelled caller's step is not begun; one that runs goes on to its
        end, which nobody waits for."""
        return await asyncio.wrap_future(self.post(step))

    def post(self, step: Callable[[], T]) -> Future[T]:
        """The same without a caller who waits."""
        future: Future[T] = Future()
        self._steps.put((future, step))
        if len(self._threads) < self._count and not self._idle.acquire(blocking=False):
            self._grow()
        return future

    def close(self) -> None:
        """End the threads, each when it is done; no step may come any more."""
        for _ in self._threads:
            self._steps.put(None)
        self._threads.clear()

    def _grow(self) -> None:
        name = f"{self._name}-{len(self._threads)}"
        thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        while (taken := self._steps.get()) is not None:
            future, step = taken
            if future.set_running_or_notify_cancel():
                _do(future, step)
            del taken, future, step  # else their bytes would lie here until the next step
            self._idle.release()


def _do(future: Future[T], step: Callable[[], T]) -> None:
    try:
        result = step()
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(result)
