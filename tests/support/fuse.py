"""A fuse in front of the doors: it blows at one call through them, before or after its effect."""

import asyncio
import inspect
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import fields
from enum import StrEnum
from typing import Any, Protocol

from tusline.errors import RecordsUnavailable, StoreFull, StoreUnavailable, TuslineError
from tusline.service.doors import Doors


class Side(StrEnum):
    BEFORE = "before"
    AFTER = "after"


class Fuse(Protocol):
    async def reach(self, call: str, side: Side) -> None:
        """Right before or after the effect of a call, `records.commit` say. What it raises, the
        caller sees in place of an answer."""


class Skipped(Exception):
    """The call has no effect, and its caller does not notice: a signal that gets lost."""


class Fused:
    """Any adapter behind a fuse: each of its async methods, what it opens, and its context
    managers. All else is the adapter's own."""

    def __init__(self, inner: object, door: str, fuse: Fuse) -> None:
        self._inner = inner
        self._door = door
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)
        call = f"{self._door}.{name}"
        if inspect.iscoroutinefunction(method):
            return self._fused(method, call)
        if not callable(method):
            return method

        def plain(*given: Any, **named: Any) -> Any:
            result = method(*given, **named)
            if isinstance(result, AbstractAsyncContextManager):
                return self._entered(result, call)
            return result

        return plain

    def _fused(self, method: Callable[..., Any], call: str) -> Callable[..., Any]:
        async def fused(*given: Any, **named: Any) -> Any:
            try:
                await self._fuse.reach(call, Side.BEFORE)
            except Skipped:
                return None
            result = await method(*given, **named)
            try:
                await self._fuse.reach(call, Side.AFTER)
            except Exception:
                if call == "store.open":
                    result.abandon()  # an adapter that fails keeps nothing open
                raise
            return Fused(result, "writer", self._fuse) if call == "store.open" else result

        return fused

    @asynccontextmanager
    async def _entered(
        self, inner: AbstractAsyncContextManager[Any], call: str
    ) -> AsyncGenerator[Any]:
        await self._fuse.reach(call, Side.BEFORE)
        async with inner as value:
            await self._fuse.reach(call, Side.AFTER)
            yield value


def fused(doors: Doors, fuse: Fuse) -> Doors:
    """The same doors behind a fuse; the clock has none."""
    wrapped: dict[str, Any] = {
        field.name: Fused(getattr(doors, field.name), field.name, fuse) for field in fields(doors)
    }
    return Doors(**wrapped | {"clock": doors.clock})


class Blow(StrEnum):
    """ONCE: an error of the door's, and all is well again. FOR_GOOD: that door fails from then
    on, until it is repaired. UNFORESEEN: an error that no contract knows. CRASH: the process is
    dead, nothing runs on."""

    ONCE = "once"
    FOR_GOOD = "for good"
    UNFORESEEN = "unforeseen"
    CRASH = "crash"


class Crash(BaseException):
    """Ends what is left of a dead house, when it is cleared away."""


class Unforeseen(Exception):
    """An error that no contract knows."""


class PointFuse:
    """Implements Fuse: blows when it is reached for the `point`-th time, counted from 1."""

    def __init__(self, point: int, blow: Blow) -> None:
        self.point = point
        self._blow = blow
        self._passed = 0
        self._broken = ""
        self._frozen: list[asyncio.Future[None]] = []  # or nobody would hold their tasks
        self.armed = False
        self.buried = False
        self.blown = ""
        self.crashed = asyncio.Event()

    def repair(self) -> None:
        """Whatever was broken works again, and nothing blows any more."""
        self.armed = False

    async def reach(self, call: str, side: Side) -> None:
        if self.crashed.is_set():
            await self._dead()
        if not self.armed:
            return
        door = call.partition(".")[0]
        if door == self._broken and side is Side.BEFORE:
            raise _error(door, Blow.FOR_GOOD)
        if not self._counts(door, side):
            return
        self._passed += 1
        if self._passed != self.point:
            return
        self.blown = f"{side} {call}"
        if self._blow is Blow.CRASH:
            self.crashed.set()
            await self._dead()
        if self._blow is Blow.FOR_GOOD:
            self._broken = door
        raise _error(door, self._blow)

    def _counts(self, door: str, side: Side) -> bool:
        """A signal that was given is not taken back. And for a crash, what is before a call is
        after the one before it: nothing is left of a process but what it has done."""
        if self._blow is Blow.CRASH:
            return side is Side.AFTER or not self._passed
        return side is Side.BEFORE or door != "signals"

    async def _dead(self) -> None:
        """A dead process does nothing more, not even in its `finally`s."""
        if not self.buried:
            self._frozen.append(asyncio.get_running_loop().create_future())
            await self._frozen[-1]
        raise Crash


def _error(door: str, blow: Blow) -> Exception:
    if door == "signals":
        return Skipped()
    if blow is Blow.UNFORESEEN:
        return Unforeseen(door)
    return _refusal(door, full=blow is Blow.FOR_GOOD)


def _refusal(door: str, *, full: bool) -> TuslineError:
    if door in ("records", "jobs"):
        return RecordsUnavailable(f"the {door} are away")
    return StoreFull("the disk is full") if full else StoreUnavailable("the disk failed")
