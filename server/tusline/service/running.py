"""The bodies being received in this process, so that a drain can end them all."""

from tusline.body import Body
from tusline.endings import Ended


class Running:
    """A registry of running bodies. Draining ends them and every later one (I10)."""

    def __init__(self) -> None:
        self._bodies: set[Body] = set()
        self.draining = False

    def enter(self, body: Body) -> None:
        self._bodies.add(body)
        if self.draining:
            body.stop(Ended.DRAINED)

    def leave(self, body: Body) -> None:
        self._bodies.discard(body)

    def __len__(self) -> int:
        return len(self._bodies)

    def drain(self) -> None:
        """End every running body with what it has; called once, when the process must go."""
        self.draining = True
        for body in list(self._bodies):
            body.stop(Ended.DRAINED)
