"""Signals within one process."""

import asyncio
from collections.abc import Callable


class LocalSignals:
    """Implements Signals. Listeners are called in the loop, one turn later."""

    def __init__(self) -> None:
        self._listeners: dict[str, list[Callable[[], None]]] = {}

    async def notify(self, topic: str) -> None:
        self.wake(topic)

    def wake(self, topic: str) -> None:
        """What `notify` does, for who cannot wait."""
        loop = asyncio.get_running_loop()
        for wake in self._listeners.get(topic, ()):
            loop.call_soon(wake)

    def listen(
        self, topic: str, wake: Callable[[], None], *, catch_up: bool = False
    ) -> Callable[[], None]:
        """Nothing is ever missed here: there is nothing to catch up with."""
        self._listeners.setdefault(topic, []).append(wake)

        def stop() -> None:
            listeners = self._listeners.get(topic, [])
            if wake in listeners:
                listeners.remove(wake)
            if not listeners:
                self._listeners.pop(topic, None)

        return stop
