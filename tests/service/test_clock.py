"""Clocks that jump: no upload expires by it, no lease is stuck, tokens still rise."""

import asyncio
import time

import pytest

from support.feed import Feed
from support.house import House
from tusline.clock import SystemClock
from tusline.upload import Phase

DAY = 86400.0


class Wall:
    """The wall clock of the machine, which somebody sets."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.shift = 0.0
        real = time.time
        patch.setattr(time, "time", lambda: real() + self.shift)


@pytest.mark.parametrize("jump", [2 * DAY, -2 * DAY])
def test_the_clock_leaves_jumps_out(monkeypatch: pytest.MonkeyPatch, jump: float) -> None:
    wall = Wall(monkeypatch)
    clock = SystemClock()
    before = clock.now()
    wall.shift = jump
    assert 0 <= clock.now() - before < 10


def test_the_clock_follows_small_corrections(monkeypatch: pytest.MonkeyPatch) -> None:
    wall = Wall(monkeypatch)
    clock = SystemClock()
    before = clock.now()
    for _ in range(10):
        wall.shift += 5
        clock.now()
    assert 50 <= clock.now() - before < 60


async def test_an_upload_goes_on_under_a_clock_that_went_back(house: House) -> None:
    """As after a restart on a machine whose clock was ahead."""
    upload = await house.created(10)
    await house.append(upload.id, 0, Feed().end(b"1234"))
    token = (await house.get(upload.id)).token
    house.clock.set_by(-DAY)
    await house.append(upload.id, 4, Feed().end(b"56"))
    assert (await house.get(upload.id)).token > token
    await house.append(upload.id, 6, Feed().end(b"7890"))
    assert await house.content(upload.id) == b"1234567890"


async def test_a_lease_from_the_future_is_taken_over(house: House) -> None:
    upload = await house.created(10)
    stalled = asyncio.ensure_future(house.append(upload.id, 0, Feed().send(b"1234")))
    while (await house.get(upload.id)).offset < 4:
        await asyncio.sleep(0)
    house.clock.set_by(-DAY)
    appended = await house.append(upload.id, 4, Feed().end(b"567890"))
    assert appended.upload.phase is Phase.RECEIVED
    await stalled
