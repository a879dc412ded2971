"""Threads for calls that block, which never keep a process from ending."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")
Steps = SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None]


class Threads:
    """At most `count` threads, made when they are needed, and anew after `close`. Daemons, other
    than those of an executor: a store that does not answer must not hold up the end of a process.
    """

    def __init__(self, name: str, count: int) -> None:
        self._name = name
        self._count = count
        self._begin()

    def _begin(self) -> None:
        self._made = 0
        self._steps: Steps = SimpleQueue()
        self._idle = threading.Semaphore(0)

    async def run(self, step: Callable[[], T]) -> T:
        """The step's result. A cancelled caller's step is not begun; one that runs goes on to its
        end, which nobody waits for."""
        return await asyncio.wrap_future(self.post(step))

    def post(self, step: Callable[[], T]) -> Future[T]:
        """The same without a caller who waits."""
        future: Future[T] = Future()
        self._steps.put((future, step))
        if self._made < self._count and not self._idle.acquire(blocking=False):
            threading.Thread(
                target=_work,
                args=(self._steps, self._idle),
                name=f"{self._name}-{self._made}",
                daemon=True,
            ).start()
            self._made += 1
        return future

    def close(self) -> None:
        """End the threads, each when all is done that was asked for before. Waits for none."""
        for _ in range(self._made):
            self._steps.put(None)
        self._begin()


def _work(steps: Steps, idle: threading.Semaphore) -> None:
    while (taken := steps.get()) is not None:
        future, step = taken
        if future.set_running_or_notify_cancel():
            _do(future, step)
        del taken, future, step  # else their bytes would lie here until the next step
        idle.release()


def _do(future: Future[T], step: Callable[[], T]) -> None:
    try:
        result = step()
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(result)
