"""What runs in this process and would outlast a drain: bodies being received, event streams."""

from collections.abc import Callable, Generator
from contextlib import contextmanager

from tusline.body import Body
from tusline.endings import Ended


class Running:
    """Draining ends every running body, and every later one, and wakes who listens (I10)."""

    def __init__(self) -> None:
        self._bodies: set[Body] = set()
        self._listeners: list[Callable[[], None]] = []
        self.draining = False

    @contextmanager
    def at(self, body: Body) -> Generator[None]:
        """Count a body as running while the block does."""
        self._bodies.add(body)
        if self.draining:
            body.stop(Ended.DRAINED)
        try:
            yield
        finally:
            self._bodies.discard(body)

    @contextmanager
    def listening(self, wake: Callable[[], None]) -> Generator[None]:
        """Have `wake` called when a drain begins."""
        self._listeners.append(wake)
        try:
            yield
        finally:
            self._listeners.remove(wake)

    def drain(self) -> None:
        """End every running body with what it has; called when the process must go."""
        self.draining = True
        for body in list(self._bodies):
            body.stop(Ended.DRAINED)
        for wake in list(self._listeners):
            wake()

    def reset(self) -> None:
        """Take requests again, in a process that starts anew after a drain."""
        self.draining = False
