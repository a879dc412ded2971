"""Signals between processes, by the publish and subscribe of Redis."""

import asyncio
from collections import Counter
from collections.abc import Callable
from secrets import token_hex

from tusline.redis.client import Redis
from tusline.redis.keys import Keys
from tusline.redis.subscriber import Subscriber
from tusline.signals.local import LocalSignals

DELAY = 0.02
"""Seconds that a listener must be there before the server is asked for its topic, and that one must
be gone before it is told: most requests are over sooner."""


class RedisSignals:
    """Implements Signals. Listeners of this process are woken at once, without the server, and not
    again by what the server then tells."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys
        self._origin = b""
        self._local = LocalSignals()
        self._listeners: Counter[str] = Counter()
        self._catching_up: dict[str, list[Callable[[], None]]] = {}
        self._fresh: set[str] = set()
        self._due: set[str] = set()
        self._settling: asyncio.TimerHandle | None = None
        self._subscriber = Subscriber(
            redis.addresses, redis.bounds, heard=self._heard, begun=self._begun
        )

    async def open(self) -> None:
        """Begin to connect; until then signals stay in this process."""
        self._origin = token_hex(8).encode()
        self._subscriber.open()

    async def close(self) -> None:
        if self._settling is not None:
            self._settling.cancel()
        await self._subscriber.close()

    async def notify(self, topic: str) -> None:
        self._local.wake(topic)
        self._redis.post("PUBLISH", self._keys.channel(topic), self._origin)

    def listen(
        self, topic: str, wake: Callable[[], None], *, catch_up: bool = False
    ) -> Callable[[], None]:
        stop_local = self._local.listen(topic, wake)
        self._listeners[topic] += 1
        if catch_up:
            self._catching_up.setdefault(topic, []).append(wake)
            self._settle(topic)
        else:
            self._later(topic)
        stopped = False

        def stop() -> None:
            nonlocal stopped
            if stopped:
                return
            stopped = True
            stop_local()
            self._forget(topic, wake if catch_up else None)

        return stop

    def _forget(self, topic: str, catching_up: Callable[[], None] | None) -> None:
        self._listeners[topic] -= 1
        if not self._listeners[topic]:
            del self._listeners[topic]
            self._later(topic)
        if catching_up is not None:
            self._catching_up[topic].remove(catching_up)
            if not self._catching_up[topic]:
                del self._catching_up[topic]

    def _later(self, topic: str) -> None:
        """Look after one to two delays what the server has to know about a topic."""
        self._fresh.add(topic)
        if self._settling is None:
            self._settling = asyncio.get_running_loop().call_later(DELAY, self._settle_due)

    def _settle_due(self) -> None:
        due, self._due, self._fresh = self._due, self._fresh, set()
        for topic in due:
            self._settle(topic)
        self._settling = None
        if self._due:
            self._settling = asyncio.get_running_loop().call_later(DELAY, self._settle_due)

    def _settle(self, topic: str) -> None:
        channel = self._keys.channel(topic)
        listened = topic in self._listeners
        if listened and not self._subscriber.wants(channel):
            self._subscriber.subscribe(channel)
        elif not listened and self._subscriber.wants(channel):
            self._subscriber.unsubscribe(channel)

    def _heard(self, channel: str, origin: bytes) -> None:
        if origin != self._origin:
            self._local.wake(self._keys.topic(channel))

    def _begun(self, channel: str) -> None:
        for wake in self._catching_up.get(self._keys.topic(channel), ()):
            asyncio.get_running_loop().call_soon(wake)
