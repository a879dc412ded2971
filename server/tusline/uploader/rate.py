"""How fast bytes are acknowledged, as a person wants to read it: calm, and honest after a break."""

from collections import deque

WINDOW = 20.0
"""Seconds that are looked back on."""

SETTLING = 2.0
"""Seconds before which nothing is said."""


class Rate:
    """Bytes a second over the last seconds. Times are given, in seconds."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._added: deque[tuple[float, int]] = deque()

    def start(self, now: float) -> None:
        """Bytes count from now on; no effect when they do already."""
        if self._since is None:
            self._since = now

    def restart(self, now: float) -> None:
        """Forget what was before a break: it says nothing of the line as it is now."""
        self._since = now
        self._added.clear()

    def add(self, size: int, now: float) -> None:
        """`size` more bytes were acknowledged."""
        self._added.append((now, size))
        self._forget(now)

    def at(self, now: float) -> float | None:
        """Bytes a second, or None while it is too early to tell."""
        self._forget(now)
        if self._since is None or now - self._since < SETTLING:
            return None
        return sum(size for _, size in self._added) / min(WINDOW, now - self._since)

    def _forget(self, now: float) -> None:
        while self._added and self._added[0][0] < now - WINDOW:
            self._added.popleft()
