"""Jobs side by side, and those under suspicion alone."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

SUSPECT: Final = 2
"""Times that a job may have been begun without an end before it is under suspicion: a worker may
also have been killed for reasons of its own, and an image may have met a busy machine."""


class Turns:
    """A job that was begun again and again may kill the process that runs it, and all that runs
    beside it would count as begun once more, until it failed as well. So a suspect runs alone:
    those begun least often first, and no other job begins while one waits.
    """

    def __init__(self) -> None:
        self._running = 0
        self._alone = False
        self._order = itertools.count()
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []

    @asynccontextmanager
    async def turn(self, begun: int) -> AsyncIterator[None]:
        """`begun`: how often the job was begun before."""
        await self._come(max(0, begun - SUSPECT + 1))
        try:
            yield
        finally:
            self._end()

    async def _come(self, suspicion: int) -> None:
        come = asyncio.get_running_loop().create_future()
        waiting = (suspicion, next(self._order), come)
        self._waiting.append(waiting)
        self._begin()
        try:
            await come
        except asyncio.CancelledError:
            if come.cancelled():
                self._waiting.remove(waiting)
                self._begin()
            else:  # it came in the moment of the cancellation
                self._end()
            raise

    def _end(self) -> None:
        self._running -= 1
        self._alone = False
        self._begin()

    def _begin(self) -> None:
        while not self._alone:
            waiting = [waiting for waiting in self._waiting if not waiting[2].done()]
            suspects = [waiting for waiting in waiting if waiting[0]]
            if not waiting or (suspects and self._running):
                return
            first = min(suspects or waiting)
            self._waiting.remove(first)
            self._alone = first[0] > 0
            self._running += 1
            first[2].set_result(None)
