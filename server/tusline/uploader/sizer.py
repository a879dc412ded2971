"""How many bytes the next PATCH should carry: as many as the line moves in about eight seconds.

Small enough that a break costs little and no deadline strikes, large enough that round trips do
not count. Pure: it is told what happened and keeps no clock.
"""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

KIB = 1024
Bytes = Annotated[int, Field(gt=0)]
CUT_SECONDS = 20.0
"""After this long a request is given up, before the server's deadline (25 s) ends it."""

LEAST_LIMIT = 10.0
"""No request is given up before this many seconds."""

PATIENCE_FACTOR = 3
"""A request may take this many times as long as the rate promises."""

DEADLINE_SHARE = 1 / 3
"""How much of the server's request deadline one PATCH should use."""

KEEP_WHEN_SLOWER = 0.3
KEEP_WHEN_FASTER = 0.6
"""Weight of the old rate against a new measurement: fall fast, rise slowly."""

CUT_DIVISOR = 4
SECONDS_AFTER_CUT = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """What the server advises, in bytes and seconds."""

    start: Bytes = 128 * KIB
    min: Bytes = 32 * KIB
    max: Bytes = 8 * KIB * KIB
    seconds: Annotated[float, Field(gt=0)] = 8.0

    def under(self, deadline: float) -> "Hints":
        """The same, with PATCHes short enough for a request deadline (seconds, 0: none)."""
        seconds = min(self.seconds, deadline * DEADLINE_SHARE) if deadline > 0 else self.seconds
        return Hints(start=self.start, min=self.min, max=self.max, seconds=seconds)


class Sizer:
    """The size of the next PATCH in bytes, and how long it may take in seconds."""

    def __init__(self, hints: Hints | None = None) -> None:
        self._hints = hints or Hints()
        self._rate: float | None = None
        self.size = self._clamp(self._hints.start)

    @property
    def rate(self) -> float | None:
        """Bytes a second that were acknowledged, or None before the first measurement."""
        return self._rate

    def sent(self, size: int, seconds: float) -> None:
        """A PATCH of `size` bytes was acknowledged whole, `seconds` after it began."""
        if size < self.size:
            return  # the file ended: this measured the round trip, not the line
        now = size / max(seconds, 1e-6)
        keep = 0.0
        if self._rate is not None:
            keep = KEEP_WHEN_SLOWER if now < self._rate else KEEP_WHEN_FASTER
        self._rate = keep * (self._rate or 0.0) + (1 - keep) * now
        self.size = self._clamp(min(self._rate * self._hints.seconds, 2 * self.size))

    def cut(self, kept: int, seconds: float) -> None:
        """A PATCH ended early after `seconds`; the server kept `kept` of its bytes."""
        size = self.size / CUT_DIVISOR
        if kept > 0:
            self._rate = kept / max(seconds, 1e-6)
            size = min(size, self._rate * SECONDS_AFTER_CUT)
        self.size = self._clamp(size)

    def limit(self, size: int) -> float:
        """Seconds after which a request with a body of `size` bytes should be given up."""
        if self._rate is None:
            return CUT_SECONDS
        return min(CUT_SECONDS, max(LEAST_LIMIT, PATIENCE_FACTOR * size / self._rate))

    def _clamp(self, size: float) -> int:
        return int(min(self._hints.max, max(self._hints.min, size)))
