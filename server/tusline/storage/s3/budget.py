"""The bytes that all writers of a process may hold together (I8): who finds none left waits."""

import asyncio
from collections import deque
from collections.abc import Callable

PRESSED_BELOW = 1 / 8
"""Share of the budget: with less left, what is held should be sent early."""

RELIEVED_FROM = 1 / 4
"""Share of the budget with which it need not any more: not the same, so that it does not flap."""


class Budget:
    """First come, first served, so that a large need is not overtaken for ever by small ones. A
    need larger than the whole is met when nothing else is held.

    `on_pressure` is called, in the event loop, whenever `pressed` becomes true. What is taken later
    its taker should send soon while `pressed` is true: there is no further call.
    """

    def __init__(self, total: int, on_pressure: Callable[[], None]) -> None:
        self.total = total
        self.pressed = False
        self._left = total
        self._on_pressure = on_pressure
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def used(self) -> int:
        """Bytes that are held now."""
        return self.total - self._left

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(not turn.done() for _, turn in self._waiting)

    async def take(self, count: int) -> None:
        """Wait until so many bytes are left, and hold them until they are given back."""
        if self.try_take(count):
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((count, turn))
        self._look()
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # granted in the moment of the cancellation
                self._left += count
            self._grant()
            raise

    def try_take(self, count: int) -> bool:
        """Hold so many bytes if they are left and nobody waits for them; whether it was so."""
        if self._waiting or not self._fits(count):
            return False
        self._left -= count
        self._look()
        return True

    def force(self, count: int) -> None:
        """Hold so many bytes whether they are left or not: for what cannot wait any more."""
        self._left -= count
        self._look()

    def give(self, count: int) -> None:
        """Give back bytes that were taken, in whatever portions."""
        if count > self.used:
            raise ValueError(f"{count} of {self.used} bytes")
        self._left += count
        self._grant()

    def _fits(self, count: int) -> bool:
        return count <= self._left or not self.used

    def _grant(self) -> None:
        while self._waiting:
            count, turn = self._waiting[0]
            if not turn.cancelled():
                if not self._fits(count):
                    break
                self._left -= count
                turn.set_result(None)
            self._waiting.popleft()
        self._look()

    def _look(self) -> None:
        """Notice when bytes run short, and when they do not any more."""
        short = self._left < self.total * (RELIEVED_FROM if self.pressed else PRESSED_BELOW)
        before, self.pressed = self.pressed, short or bool(self._waiting)
        if self.pressed and not before:
            self._on_pressure()
