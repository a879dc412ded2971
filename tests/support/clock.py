"""A clock that tests turn by hand."""


class HandClock:
    """Implements Clock. Seconds since the epoch; time passes by `forward` and by nothing else."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self._now = now
        self._steady = 1000.0

    def now(self) -> float:
        return self._now

    def forward(self, seconds: float) -> None:
        self._now += seconds
        self._steady += seconds

    def set_by(self, seconds: float) -> None:
        """Somebody sets the wall clock."""
        self._now += seconds

    def steady(self) -> float:
        return self._steady
