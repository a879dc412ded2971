"""How long to wait before the next try, and when to stop trying."""

import random
import threading
import time
from collections.abc import Callable

FIRST_DELAY = 0.5
LONGEST_DELAY = 30.0
"""Seconds: a delay is drawn from zero up to the first one doubled with each try (full jitter)."""

MAX_DOUBLINGS = 10


class Stopped(Exception):
    """The user wants to stop."""


class GaveUp(Exception):
    """Nothing moved for as long as the user was ready to wait."""


class Patience:
    """Bounded by time without progress, not by tries: a line that comes back finds us here."""

    def __init__(
        self,
        give_up: float,
        stop: threading.Event,
        *,
        dice: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`give_up` is in seconds without progress."""
        self._give_up = give_up
        self._stop = stop
        self._dice = dice
        self._clock = clock
        self._tries = 0
        self._since = clock()

    def progress(self) -> None:
        """Something was achieved: the count of tries and the clock start again."""
        self._tries = 0
        self._since = self._clock()

    def check(self, why: str) -> None:
        """Raises GaveUp, and says why, when nothing moved for too long."""
        if self._clock() - self._since >= self._give_up:
            raise GaveUp(f"gave up after {self._give_up:g} s without progress: {why}")

    def delay(self, why: str, retry_after: float | None = None) -> float:
        """Seconds to wait before the next try; at least the server's wish. Raises GaveUp."""
        self.check(why)
        ceiling = min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(self._tries, MAX_DOUBLINGS))
        self._tries += 1
        return max(self._dice() * ceiling, min(retry_after or 0.0, LONGEST_DELAY))

    def wait(self, seconds: float) -> None:
        """Raises Stopped as soon as the user wants to stop."""
        if self._stop.wait(seconds):
            raise Stopped
