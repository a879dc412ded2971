"""The bytes that the writers of a process hold together."""

import asyncio

import pytest

from tusline.storage.s3.budget import Budget


class Pressure:
    """Counts how often a budget of 80 bytes asked for bytes to be sent."""

    def __init__(self) -> None:
        self.times = 0
        self.budget = Budget(80, self._noticed)

    def _noticed(self) -> None:
        self.times += 1


@pytest.fixture
def pressure() -> Pressure:
    return Pressure()


@pytest.fixture
def budget(pressure: Pressure) -> Budget:
    return pressure.budget


async def waiting(budget: Budget, count: int) -> asyncio.Task[None]:
    """A task that has asked for bytes, and has them or waits."""
    task = asyncio.create_task(budget.take(count))
    await settled()
    return task


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_bytes_are_taken_until_none_are_left(budget: Budget) -> None:
    await budget.take(60)
    await budget.take(20)
    assert budget.used == 80
    late = await waiting(budget, 1)
    assert (late.done(), budget.waiting) == (False, 1)
    budget.give(20)
    await late
    assert (budget.used, budget.waiting) == (61, 0)


async def test_a_large_need_is_not_overtaken_by_small_ones(budget: Budget) -> None:
    await budget.take(50)
    large, small = await waiting(budget, 40), await waiting(budget, 1)
    assert not small.done()
    budget.give(10)
    await large
    assert not small.done()
    budget.give(1)
    await small
    assert budget.used == 80


async def test_a_need_larger_than_the_whole_is_met_alone(budget: Budget) -> None:
    await budget.take(1)
    huge, next_one = await waiting(budget, 500), await waiting(budget, 1)
    assert not huge.done()
    budget.give(1)
    await huge
    assert (budget.used, next_one.done()) == (500, False)
    budget.give(500)
    await next_one
    assert budget.used == 1


@pytest.mark.parametrize("granted", [False, True])
async def test_who_leaves_keeps_nothing_and_holds_up_nobody(budget: Budget, granted: bool) -> None:
    await budget.take(50)
    leaver, other = await waiting(budget, 60), await waiting(budget, 30)
    if granted:  # in the same turn of the loop as the cancellation
        budget.give(50)
    leaver.cancel()
    await asyncio.wait_for(other, 10)
    assert leaver.cancelled()
    assert budget.used == (30 if granted else 80)


async def test_bytes_that_nobody_took_cannot_be_given_back(budget: Budget) -> None:
    await budget.take(10)
    with pytest.raises(ValueError, match="11 of 10 bytes"):
        budget.give(11)


async def test_pressure_is_told_once_when_bytes_run_short(
    pressure: Pressure, budget: Budget
) -> None:
    await budget.take(70)
    assert (pressure.times, budget.pressed) == (0, False)
    await budget.take(1)
    assert (pressure.times, budget.pressed) == (1, True)
    await budget.take(1)
    budget.give(5)
    assert (pressure.times, budget.pressed) == (1, True)
    budget.give(10)
    assert not budget.pressed
    await budget.take(15)
    assert pressure.times == 2


async def test_pressure_is_told_when_somebody_waits_though_much_is_left(
    pressure: Pressure, budget: Budget
) -> None:
    await budget.take(30)
    late = await waiting(budget, 60)
    assert (pressure.times, budget.pressed) == (1, True)
    budget.give(30)
    await late
    assert not budget.pressed
    budget.give(60)
