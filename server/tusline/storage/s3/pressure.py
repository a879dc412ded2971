"""Who stores early when the budget of buffered bytes runs short."""

from typing import Protocol

WORTH = 64 * 1024
"""Bytes that an early segment should have at least: each costs a request."""

AT_ONCE = 16
"""Writers that are asked at a time."""


class Waiting(Protocol):
    """A writer: `waiting` bytes of it are buffered, and `store` has them stored."""

    waiting: int

    def store(self) -> None: ...


class Pressure:
    """The writers of a process, of which those with most bytes are asked first."""

    def __init__(self) -> None:
        self._writers: set[Waiting] = set()

    def add(self, writer: Waiting) -> None:
        self._writers.add(writer)

    def remove(self, writer: Waiting) -> None:
        self._writers.discard(writer)

    def relieve(self) -> None:
        """Have the largest buffers stored."""
        large = [writer for writer in self._writers if writer.waiting >= WORTH]
        for writer in sorted(large, key=lambda writer: -writer.waiting)[:AT_ONCE]:
            writer.store()
