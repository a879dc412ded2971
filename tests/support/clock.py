"""A clock that tests turn by hand."""


class HandClock:
    """Implements Clock. Seconds since the epoch, moved by `forward` and by nothing else."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self._now = now

    def now(self) -> float:
        return self._now

    def forward(self, seconds: float) -> None:
        self._now += seconds
