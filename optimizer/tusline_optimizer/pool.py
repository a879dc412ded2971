"""The images being optimized: a few child processes, bounded in number, memory and time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, TypeVar

from tusline_optimizer.answers import Rendered, parse_memory, parse_rendered
from tusline_optimizer.budget import Budget
from tusline_optimizer.process import Crashed, Process
from tusline_optimizer.recipes import Recipe
from tusline_optimizer.refusals import Refused

Answer = TypeVar("Answer")

RECYCLED_AFTER: Final = 500
"""Images after which a child is replaced, against whatever decoders leak."""


class ImagePool:
    """Makes variants in child processes, which start when needed and end when idle.

    `concurrency` images at a time, which together need at most `memory` bytes; an image may take
    `seconds`, and a child may idle for `idle` seconds.
    """

    def __init__(
        self,
        *,
        concurrency: int,
        memory: int,
        seconds: float,
        idle: float,
        recycled_after: int = RECYCLED_AFTER,
    ) -> None:
        self._concurrency = concurrency
        self._memory = memory
        self._seconds = seconds
        self._idle_seconds = idle
        self._recycled_after = recycled_after
        self.open()

    def open(self) -> None:
        """Take images, in whatever event loop: also anew after `close`."""
        self._slots = asyncio.Semaphore(self._concurrency)
        self._budget = Budget(self._memory)
        self._idle: dict[Process, asyncio.TimerHandle] = {}
        self._busy: set[Process] = set()
        self._ending: set[asyncio.Task[None]] = set()
        self._closed = False

    async def process(self, source: Path, folder: Path, recipes: tuple[Recipe, ...]) -> Rendered:
        """Make the recipes' variants of an image, in `folder`, in files named by recipe.

        Raises Refused if the image is at fault or takes too long, Crashed if its child ended,
        MachineFailed if the machine is at fault. Other images are not affected by any of these.
        """
        async with self._slots, self._child() as child:
            now = asyncio.get_running_loop().time
            began = now()
            memory = await self._ask(child, _inspect(source, recipes), self._seconds, parse_memory)
            left = self._seconds - (now() - began)
            if memory > self._budget.total:
                raise Refused("too_much_memory", f"about {memory} bytes")
            async with self._budget.hold(memory):
                return await self._ask(
                    child,
                    _render(folder),
                    left,
                    lambda answer: parse_rendered(answer, recipes),
                )

    async def close(self) -> None:
        """End every child at once. Images still in work end with Crashed."""
        self._closed = True
        for timer in self._idle.values():
            timer.cancel()
        children = [*self._idle, *self._busy]
        self._idle.clear()
        for child in children:  # first of all: who closes us may have no time to wait
            child.end()
        await asyncio.gather(*(child.kill() for child in children), *self._ending)

    async def _ask(
        self,
        child: Process,
        request: dict[str, Any],
        seconds: float,
        parse: Callable[[dict[str, Any]], Answer],
    ) -> Answer:
        try:
            async with asyncio.timeout(seconds):
                return parse(await child.ask(request))
        except TimeoutError as error:
            raise Refused("timeout", f"after {self._seconds} s") from error
        except ValueError as error:
            await child.kill()
            raise Crashed(f"child {child.pid} answered with {error}") from error

    @asynccontextmanager
    async def _child(self) -> AsyncIterator[Process]:
        child = await self._take()
        child.jobs += 1
        self._busy.add(child)
        try:
            yield child
        finally:
            self._busy.discard(child)
            if child.reusable and child.jobs < self._recycled_after and not self._closed:
                loop = asyncio.get_running_loop()
                self._idle[child] = loop.call_later(self._idle_seconds, self._retire, child)
            else:
                await child.kill()

    async def _take(self) -> Process:
        """The child used last, so that those not needed reach the end of their idle time."""
        while self._idle:
            child, timer = self._idle.popitem()
            timer.cancel()
            if child.alive:
                return child
        child = await Process.start(memory=self._budget.total)
        if self._closed:
            await child.kill()
            raise Crashed("the pool is closed")
        return child

    def _retire(self, child: Process) -> None:
        del self._idle[child]
        ending = asyncio.get_running_loop().create_task(child.kill())
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)


def _inspect(source: Path, recipes: tuple[Recipe, ...]) -> dict[str, Any]:
    return {"inspect": str(source.absolute()), "recipes": [asdict(recipe) for recipe in recipes]}


def _render(folder: Path) -> dict[str, Any]:
    return {"render": str(folder.absolute())}
