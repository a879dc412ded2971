"""How long a stop may take, in all (I10), and the way out when something hangs."""

import asyncio
import os
import threading
import time
from collections.abc import Awaitable, Callable
from typing import NoReturn

import structlog

log = structlog.get_logger()

CLOSING = 1.0
"""Seconds of a stop that are kept for closing the records: other steps do not get them."""

LEAST = 0.1
"""Seconds that a step has at least, however late it is: enough for one that does not hang."""

GRACE = 1.0
"""Seconds after a stop's time is over, at which the process ends, whatever still hangs in it."""

LAST_WORD = 0.5
"""Seconds for the last line of the log, which may hang as anything else."""


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
        """Seconds for closing; a stop begins with the first look at them. A host may have taken
        all of them for its own: CLOSING are always left."""
        self.begin()
        return max(CLOSING, (self._until or 0.0) - time.monotonic())

    async def step(self, name: str, work: Callable[[], Awaitable[object]]) -> None:
        """Do a step, or leave it undone when there is no time. Raises what it raises, but for a
        TimeoutError."""
        try:
            async with asyncio.timeout(max(LEAST, self.left() - CLOSING)):
                await work()
        except TimeoutError:
            log.warning("stop.step_undone", step=name)


def leave(after: float) -> threading.Timer:
    """End the process after so many seconds, as kill -9 would, which the data folder is made for;
    unless the timer is cancelled. Python itself waits for its threads, and for steps that hang."""
    timer = threading.Timer(after, _leave)
    timer.daemon = True
    timer.start()
    return timer


def _leave() -> NoReturn:
    names = [thread.name for thread in threading.enumerate()]
    word = threading.Thread(target=log.error, args=("stop.left_undone",), kwargs={"threads": names})
    word.daemon = True
    word.start()
    word.join(LAST_WORD)
    os._exit(1)
