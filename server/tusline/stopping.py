"""How long a stop may take, in all (I10)."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger()

CLOSING = 1.0
"""Seconds of a stop that are kept for closing the records: other steps do not get them."""


class Stop:
    """A stop has `seconds` from its beginning, and each step what the ones before have left: a
    disk that hangs costs a stop its time once. What is not done in time is made up for at the next
    start, as after kill -9."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until: float | None = None

    def begin(self) -> None:
        """From now on, if it has not begun."""
        if self._until is None:
            self._until = time.monotonic() + self._seconds

    def reset(self) -> None:
        """For a process that starts anew after a stop."""
        self._until = None

    def left(self) -> float:
        """Seconds; it begins with the first look at it."""
        self.begin()
        return max(0.0, (self._until or 0.0) - time.monotonic())

    async def step(self, name: str, work: Callable[[], Awaitable[object]]) -> None:
        """Do a step, or leave it undone when there is no time. Raises what it raises."""
        try:
            async with asyncio.timeout(self.left() - CLOSING):
                await work()
        except TimeoutError:
            log.warning("stop.step_undone", step=name)
