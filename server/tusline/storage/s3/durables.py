"""Work that makes bytes durable, told to the ledger in the order of the bytes."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from tusline.errors import LeaseLost, StoreUnavailable, TuslineError
from tusline.interfaces import Ledger
from tusline.upload import Delta

Work = Coroutine[Any, Any, Delta]

Then = Callable[[], Coroutine[Any, Any, None]]
"""What is to be done when a piece of work has been told; it must not raise."""


class Durables:
    """Runs pieces of work beside each other, and tells what they answer one after the other. The
    first that fails ends it: nothing behind it is ever told."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._running: deque[asyncio.Task[Delta]] = deque()
        self._after: dict[asyncio.Task[Delta], Then] = {}
        self._behind: set[asyncio.Task[None]] = set()
        self._telling: asyncio.Task[None] | None = None
        self._failure: BaseException | None = None
        self._abandoned = False

    def __len__(self) -> int:
        return len(self._running)

    def start(self, work: Work, then: Then | None = None) -> "asyncio.Task[Delta]":
        """Begin a piece of work; it is told after those that were begun before."""
        task = asyncio.get_running_loop().create_task(work)
        self._running.append(task)
        if then is not None:
            self._after[task] = then
        if self._telling is None:
            self._telling = asyncio.get_running_loop().create_task(self._tell())
        return task

    async def settle(self, *, left: int = 0) -> None:
        """Wait until all but `left` pieces of work are told. Raises what the first failed by."""
        while len(self._running) > left and self._failure is None:
            await asyncio.wait([self._running[0]])
            await asyncio.sleep(0)  # the one that tells has its turn
        self.must_go_on()

    def must_go_on(self) -> None:
        """Raises what a piece of work failed by."""
        if self._failure is not None:
            raise self._failure

    def abandon(self) -> None:
        """Nothing is told any more, and what can be is given up."""
        self._abandoned = True
        for task in self._running:
            task.cancel()

    async def _tell(self) -> None:
        while self._running:
            await asyncio.wait([self._running[0]])
            self._hear(self._running[0])
            self._running.popleft()
        self._telling = None

    def _hear(self, task: "asyncio.Task[Delta]") -> None:
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if error is not None and self._failure is None:
            self._failure = _as_failure(error)
            if not self._abandoned and isinstance(self._failure, TuslineError):
                self._ledger.fail(self._failure)
        then = self._after.pop(task, None)
        if self._failure is None and not self._abandoned:
            self._ledger.add(task.result())
            if then is not None:
                behind = asyncio.get_running_loop().create_task(then())
                self._behind.add(behind)
                behind.add_done_callback(self._behind.discard)


def _as_failure(error: BaseException) -> BaseException:
    """Whatever goes wrong on the way, the request ends as for a store that does not answer."""
    if isinstance(error, TuslineError | LeaseLost):
        return error
    return StoreUnavailable(f"the store failed: {error!r}")
