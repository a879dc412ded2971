"""The real clock behind the Clock door: the wall clock without its jumps."""

import threading
import time

import structlog

log = structlog.get_logger()

JUMP = 30.0
"""Seconds by which the wall clock may differ from the steady one between two looks; more is a
jump (somebody set the clock), by which no upload should expire and no lease should end."""

STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Counts on while the machine sleeps, where the system has such a clock."""


class SystemClock:
    """Follows the wall clock, and the small corrections that a time service makes; a jump it
    leaves out until the process ends. What a process with a wrong clock has written is judged
    rightly by the next one all the same: see `records.sqlite.own_clock`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wall, self._steady = time.time(), time.clock_gettime(STEADY)
        self._shift = 0.0

    def now(self) -> float:
        with self._lock:
            wall, steady = time.time(), time.clock_gettime(STEADY)
            jumped = (wall - self._wall) - (steady - self._steady)
            self._wall, self._steady = wall, steady
            if abs(jumped) > JUMP:
                self._shift -= jumped
                log.warning("clock.jumped", seconds=round(jumped))
            return wall + self._shift

    def steady(self) -> float:
        return time.clock_gettime(STEADY)
