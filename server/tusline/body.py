"""A request's body made safe: bounded in time, stoppable from outside, and never raising."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from tusline.checksums import Verifier
from tusline.endings import Ended

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class Body:
    """Body bytes of one ASGI request.

    `read` answers pieces until the body ends, for whatever reason; `ended` then says why. The
    network never raises here: the writer keeps what came, and the reason is looked at afterwards.
    `idle`, `deadline` and `checksum_deadline`, which holds instead where a checksum is pending, are
    seconds; a deadline of 0 means none. The deadlines count from now. `verifier` sees every piece,
    if the body came with a checksum.
    """

    def __init__(
        self, receive: Receive, *, idle: float, deadline: float, checksum_deadline: float = 0
    ) -> None:
        self._receive = receive
        self._idle = idle
        self._loop = asyncio.get_running_loop()
        now = self._loop.time()
        self._deadline = now + deadline if deadline else None
        self._checksum_deadline = now + checksum_deadline if checksum_deadline else None
        self._scope: asyncio.Timeout | None = None
        self._last = False
        self.taken = 0
        self.ended: Ended | None = None
        self.verifier: Verifier | None = None

    @classmethod
    def empty(cls) -> "Body":
        """A body without bytes, of a request that brought none."""

        async def receive() -> MutableMapping[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        return cls(receive, idle=1, deadline=0)

    def verify_with(self, verifier: Verifier | None) -> None:
        """Show every piece to a verifier, if there is one. That puts the deadline off: a body that
        was cut short could not be verified, and nothing of it would count (CHK-15)."""
        self.verifier = verifier
        if verifier is not None:
            self._deadline = self._checksum_deadline

    def stop(self, why: Ended) -> None:
        """End the body now: a read under way returns. The first reason stays."""
        if self.ended is None:
            self.ended = why
            if self._scope is not None and not self._scope.expired():
                self._scope.reschedule(self._loop.time())

    async def lasting(self, wait: Awaitable[None]) -> bool:
        """Wait while nobody stops the body, and until its deadline; whether that was enough."""
        until = self._deadline if self.ended is None else self._loop.time()
        try:
            async with asyncio.timeout_at(until) as self._scope:
                await wait
        except TimeoutError:
            self.stop(Ended.DEADLINE)
            return False
        finally:
            self._scope = None
        return True

    def left(self) -> float | None:
        """Seconds until the deadline (never negative), or None without one."""
        if self._deadline is None:
            return None
        return max(0.0, self._deadline - self._loop.time())

    async def read(self) -> bytes | None:
        """The next piece, or None when the body has ended."""
        while self.ended is None and not self._last:
            message = await self._next()
            if message is None:
                continue
            if message["type"] == "http.disconnect":
                self.stop(Ended.DISCONNECTED)
                continue
            self._last = not message.get("more_body", False)
            if piece := message.get("body", b""):
                self.taken += len(piece)
                if self.verifier is not None:
                    self.verifier.update(piece)
                return bytes(piece)
        if self.ended is None:
            self.ended = Ended.COMPLETE
        return None

    async def _next(self) -> MutableMapping[str, Any] | None:
        """One ASGI message; None when a limit struck or somebody stopped the body."""
        now = self._loop.time()
        until, why = now + self._idle, Ended.IDLE
        if self._deadline is not None and self._deadline < until:
            until, why = self._deadline, Ended.DEADLINE
        if until <= now:
            self.stop(why)
            return None
        try:
            async with asyncio.timeout_at(until) as self._scope:
                return await self._receive()
        except TimeoutError:
            self.stop(why)
            return None
        finally:
            self._scope = None

    async def drain(self, *, seconds: float, most: int) -> None:
        """Take and drop bytes after an early answer, until the client ends or a bound is met."""
        try:
            async with asyncio.timeout(seconds):
                while most > 0 and not self._last:
                    message = await self._receive()
                    if message["type"] == "http.disconnect":
                        return
                    self._last = not message.get("more_body", False)
                    most -= len(message.get("body", b""))
        except TimeoutError:
            return

    @property
    def whole(self) -> bool:
        """Whether the client has sent all of its body."""
        return self._last
