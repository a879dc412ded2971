"""Jobs that may have killed their worker run alone; all others side by side."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress

import pytest

from tusline_optimizer.turns import SUSPECT, Turns


class Jobs:
    """Jobs that run until they are let go, and what was seen of them."""

    def __init__(self) -> None:
        self.turns = Turns()
        self.running: set[str] = set()
        self.began: list[str] = []
        self._go: dict[str, asyncio.Event] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def come(self, name: str, begun: int = 0) -> None:
        """A job comes, and begins if it may."""
        self._go[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._run(name, begun))
        await self._settled()

    async def let_go(self, *names: str) -> None:
        for name in names:
            self._go[name].set()
        await self._settled()

    async def cancel(self, name: str) -> None:
        self.tasks[name].cancel()
        await self._settled()

    async def _run(self, name: str, begun: int) -> None:
        async with self.turns.turn(begun):
            self.began.append(name)
            self.running.add(name)
            try:
                await self._go[name].wait()
            finally:
                self.running.remove(name)

    async def _settled(self) -> None:
        for _ in range(10):
            await asyncio.sleep(0)


@pytest.fixture
async def jobs() -> AsyncGenerator[Jobs]:
    jobs = Jobs()
    yield jobs
    for task in jobs.tasks.values():
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_jobs_run_side_by_side(jobs: Jobs) -> None:
    for name in "abc":
        await jobs.come(name, begun=SUSPECT - 1)
    assert jobs.running == {"a", "b", "c"}


async def test_a_suspect_waits_until_nothing_runs_and_then_runs_alone(jobs: Jobs) -> None:
    await jobs.come("a")
    await jobs.come("suspect", begun=SUSPECT)
    await jobs.come("b")
    assert jobs.running == {"a"}
    await jobs.let_go("a")
    assert jobs.running == {"suspect"}
    await jobs.let_go("suspect")
    assert jobs.running == {"b"}


async def test_suspects_begun_least_often_come_first(jobs: Jobs) -> None:
    await jobs.come("a")
    for name, begun in {"poison": 7, "neighbour": 2, "other": 3}.items():
        await jobs.come(name, begun)
    await jobs.let_go("a", "poison", "neighbour", "other")
    assert jobs.began == ["a", "neighbour", "other", "poison"]


async def test_a_job_that_is_cancelled_makes_way(jobs: Jobs) -> None:
    await jobs.come("suspect", begun=SUSPECT)
    await jobs.come("waiting", begun=SUSPECT)
    await jobs.come("a")
    await jobs.cancel("waiting")
    assert jobs.running == {"suspect"}
    await jobs.cancel("suspect")
    assert jobs.running == {"a"}


async def test_a_turn_that_comes_in_the_moment_of_a_cancellation_is_not_lost(jobs: Jobs) -> None:
    await jobs.come("suspect", begun=SUSPECT)
    await jobs.come("next", begun=SUSPECT)
    await jobs.come("a")
    jobs.tasks["next"].cancel()
    await jobs.let_go("suspect")
    assert jobs.running == {"a"}
    await jobs.come("later", begun=SUSPECT)
    jobs.tasks["a"].cancel()
    jobs.tasks["later"].cancel()
    await jobs.come("last")
    assert jobs.running == {"last"}
