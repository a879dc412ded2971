"""The life of a process: opens the parts, does the work behind the requests, and stops in time."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import asdict
from enum import Enum
from typing import Any

import structlog

from tusline.assembly import Parts
from tusline.control import ControlServer
from tusline.errors import ServiceBusy
from tusline.stopping import Stop

log = structlog.get_logger()


class Role(Enum):
    """What a process does. Jobs and sweeps may be done by any number of processes at once, but
    images are heavy: they should not be where requests are answered, if there are others."""

    ALL = "all"
    WEB = "web"
    """Requests only: jobs are queued for others."""
    WORKER = "worker"
    """Jobs and sweeps only."""


class Life:
    """Begins and ends any number of times, one after the other, in whatever event loop.

    A stop takes `stop_wait` seconds at most; `sweep_every` is in seconds, too.
    """

    def __init__(self, parts: Parts, role: Role, *, stop_wait: float, sweep_every: float) -> None:
        self.parts = parts
        self._role = role
        self._stop_wait = stop_wait
        self._sweep_every = sweep_every
        self._stop = Stop(stop_wait)
        self._tasks: list[asyncio.Future[None]] = []
        self._closed: threading.Event | None = None

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Everything opened, and the role's work being done; closed in reverse."""
        parts, service = self.parts, self.parts.service
        async with AsyncExitStack() as stack:
            await self._open(stack)
            parts.pool.open()
            stack.push_async_callback(self._stop.step, "children", parts.pool.close)
            if parts.control is not None:
                control = ControlServer(parts.control, {"sweep": self._sweep})
                await control.open()
                stack.push_async_callback(control.close)
            stack.push_async_callback(self._stop.step, "settle", service.settler.idle)
            stack.push_async_callback(self._stop.step, "sync", service.watermarks.flush)
            for name, work in self._work().items():
                self._tasks.append(await stack.enter_async_context(self._task(name, work)))
            stack.callback(self._tasks.clear)
            stack.callback(self._stop.begin)
            yield

    def working(self) -> bool:
        """Whether the work behind the requests is being done."""
        return bool(self._tasks) and not any(task.done() for task in self._tasks)

    async def death(self) -> None:
        """Wait until some of that work ends by itself, which it should not."""
        await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)

    async def drain(self) -> None:
        """End running uploads with what they have, and streams; for the moment before a stop, whose
        time runs from here."""
        self._stop.begin()
        self.parts.service.running.drain()

    def hanging(self) -> bool:
        """Whether the last stop has left something behind that still works."""
        return self._closed is not None and not self._closed.is_set()

    async def sweep_once(self) -> dict[str, Any]:
        """One sweep without the rest: what waits for the optimizer stays in the outbox. Raises
        ConfigurationError where another process holds what only one may."""
        async with AsyncExitStack() as stack:
            await self._open(stack)
            swept = await self._sweep()
            await self.parts.service.settler.idle()
            return swept

    async def rebuild_once(self) -> dict[str, Any]:
        """One walk through the store for records that are missing."""
        async with AsyncExitStack() as stack:
            await self._open(stack)
            return asdict(await self.parts.service.rebuilder.rebuild())

    async def _open(self, stack: AsyncExitStack) -> None:
        parts = self.parts
        await parts.ground.open()
        self._closed = None
        self._stop.reset()
        parts.service.running.reset()
        stack.push_async_callback(self._close)
        stack.push_async_callback(self._stop.step, "connections", parts.ground.disconnect)
        await parts.jobs.open()
        stack.push_async_callback(self._stop.step, "queue", parts.jobs.close)

    async def _close(self) -> None:
        """In a thread: a step of the disk that hangs cannot be interrupted, only left behind. A
        folder stays locked until its end: nobody else works in it beside us."""
        loop, told, closed = asyncio.get_running_loop(), asyncio.Event(), threading.Event()
        self._closed = closed

        def close() -> None:
            try:
                self.parts.ground.close()
            finally:
                closed.set()
                with suppress(RuntimeError):  # the loop is over, and nobody waits any more
                    loop.call_soon_threadsafe(told.set)

        threading.Thread(target=close, name="tusline-closing", daemon=True).start()
        try:
            async with asyncio.timeout(self._stop.left()):
                await told.wait()
        except TimeoutError:
            log.warning("stop.disk_hangs", waited=self._stop_wait)

    def _work(self) -> dict[str, Awaitable[None]]:
        """What runs beside the requests; it is ended in reverse."""
        parts = self.parts
        watermarks = parts.service.watermarks.run()
        if self._role is Role.WEB:
            return {"watermarks": watermarks}
        return {
            "jobs": parts.jobs.work(parts.optimizer.run),
            "watermarks": watermarks,
            "sweeper": self._sweeping(),
            "rebuilder": parts.service.rebuilder.run(),
        }

    async def _sweep(self) -> dict[str, Any]:
        return asdict(await self.parts.service.sweeper.sweep())

    async def _sweeping(self) -> None:
        """Sweep at the start, and then now and then: what a crash left is found here."""
        while True:
            try:
                swept = await self._sweep()
                if any(swept.values()):
                    log.info("sweep.done", **swept)
            except ServiceBusy as error:
                log.warning("sweep.failed", code=error.code, error=str(error))
            except Exception:
                log.exception("sweep.failed")
            await asyncio.sleep(self._sweep_every)

    @asynccontextmanager
    async def _task(
        self, name: str, work: Awaitable[None]
    ) -> AsyncGenerator["asyncio.Future[None]"]:
        """Run something beside the block, and cancel it at the end."""
        task = asyncio.ensure_future(work)
        task.add_done_callback(_tell_of_death)
        try:
            yield task
        finally:
            task.cancel()
            await self._stop.step(name, lambda: asyncio.wait({task}))


def _tell_of_death(task: "asyncio.Future[None]") -> None:
    """Background work ends by being cancelled; anything else must not go unnoticed."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("task.died", exc_info=error)
