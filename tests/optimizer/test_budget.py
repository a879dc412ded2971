"""The bytes that images share."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from tusline_optimizer.budget import Budget


class Holder:
    """A task that holds bytes until it is told to leave."""

    def __init__(self, budget: Budget, need: int) -> None:
        self.holds = asyncio.Event()
        self._leave = asyncio.Event()
        self.task = asyncio.ensure_future(self._hold(budget, need))

    async def _hold(self, budget: Budget, need: int) -> None:
        async with budget.hold(need):
            self.holds.set()
            await self._leave.wait()

    async def leave(self) -> None:
        self._leave.set()
        await self.task


@asynccontextmanager
async def holders(total: int, *needs: int) -> AsyncGenerator[list[Holder]]:
    budget = Budget(total)
    made = [Holder(budget, need) for need in needs]
    await settled()
    try:
        yield made
    finally:
        for holder in made:
            holder.task.cancel()
        await asyncio.gather(*(holder.task for holder in made), return_exceptions=True)


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def holding(made: list[Holder]) -> list[bool]:
    return [holder.holds.is_set() for holder in made]


async def test_as_many_hold_bytes_as_there_are_bytes() -> None:
    async with holders(100, 60, 40, 1) as made:
        assert holding(made) == [True, True, False]
        await made[1].leave()
        await settled()
        assert holding(made) == [True, True, True]


async def test_small_needs_do_not_overtake_a_large_one() -> None:
    async with holders(100, 60, 90, 10) as made:
        assert holding(made) == [True, False, False]
        await made[0].leave()
        await settled()
        assert holding(made) == [True, True, True]


async def test_who_gives_up_waiting_holds_nobody_up() -> None:
    async with holders(100, 60, 90, 40) as made:
        made[1].task.cancel()
        await settled()
        assert holding(made) == [True, False, True]


async def test_bytes_granted_in_the_moment_of_giving_up_come_back() -> None:
    async with holders(100, 100, 100, 100) as made:
        made[0].task.cancel()
        await asyncio.sleep(0)  # the first leaves and grants the second, which has not run yet
        made[1].task.cancel()
        await settled()
        assert made[2].holds.is_set()


async def test_nobody_waits_for_more_than_there_is() -> None:
    with pytest.raises(ValueError, match="101 of 100"):
        async with Budget(100).hold(101):
            pass
