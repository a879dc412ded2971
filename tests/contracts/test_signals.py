"""What every adapter of Signals promises, within a process and between two."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack

import pytest

from support.redis_servers import RedisServer
from support.redis_signals import redis_signals
from tusline.interfaces import Signals
from tusline.signals.local import LocalSignals

SECONDS = 20.0


@pytest.fixture(params=["local", "redis"])
async def pair(request: pytest.FixtureRequest) -> AsyncGenerator[tuple[Signals, Signals]]:
    """The signals of two processes; of one and the same where there can be no other."""
    if request.param == "local":
        local = LocalSignals()
        yield local, local
        return
    server: RedisServer = request.getfixturevalue("redis_server")
    async with AsyncExitStack() as stack:
        yield (
            await stack.enter_async_context(redis_signals(server.url)),
            await stack.enter_async_context(redis_signals(server.url)),
        )


@pytest.fixture
def signals(pair: tuple[Signals, Signals]) -> Signals:
    return pair[0]


class Heard:
    """Counts wakes, and can be waited for."""

    def __init__(self) -> None:
        self.times = 0
        self._woken = asyncio.Event()

    def wake(self) -> None:
        self.times += 1
        self._woken.set()

    async def again(self) -> None:
        async with asyncio.timeout(SECONDS):
            await self._woken.wait()
            self._woken.clear()


async def until_heard(here: Signals, there: Signals, topic: str) -> Callable[[], None]:
    """Have signals of `here` come to `there`, from now on for this topic: what listens meanwhile
    is answered, for whoever wants to end it."""
    heard = asyncio.Event()
    stop = there.listen(topic, heard.set)
    async with asyncio.timeout(SECONDS):
        while not heard.is_set():
            await here.notify(topic)
            await asyncio.sleep(0.01)
    return stop


async def flushed(here: Signals, there: Signals) -> None:
    """Every signal sent so far has come: one that was sent later has."""
    (await until_heard(here, there, "barrier"))()


async def test_every_listener_of_a_topic_is_called_once(signals: Signals) -> None:
    first, second, other = Heard(), Heard(), Heard()
    signals.listen("a", first.wake)
    signals.listen("a", second.wake)
    signals.listen("b", other.wake)
    await signals.notify("a")
    await first.again()
    await second.again()
    await flushed(signals, signals)
    assert (first.times, second.times, other.times) == (1, 1, 0)


async def test_a_listener_is_not_called_within_notify(signals: Signals) -> None:
    heard = Heard()
    signals.listen("a", heard.wake)
    await signals.notify("a")
    assert not heard.times
    await heard.again()


async def test_a_listener_that_ended_is_not_called(pair: tuple[Signals, Signals]) -> None:
    here, there = pair
    staying = await until_heard(here, there, "a")
    ended, stays = Heard(), Heard()
    stop = there.listen("a", ended.wake)
    there.listen("a", stays.wake)
    stop()
    stop()  # harmless
    await here.notify("a")
    await stays.again()
    assert not ended.times
    staying()


async def test_a_listener_may_end_itself_when_it_is_called(signals: Signals) -> None:
    heard = Heard()

    def wake() -> None:
        stop()
        heard.wake()

    stop = signals.listen("a", wake)
    await signals.notify("a")
    await heard.again()
    await signals.notify("a")
    await flushed(signals, signals)
    assert heard.times == 1


async def test_signals_of_another_process_come(pair: tuple[Signals, Signals]) -> None:
    here, there = pair
    await until_heard(here, there, "a")
    heard = Heard()
    there.listen("a", heard.wake)
    await here.notify("a")
    await heard.again()
    await flushed(here, there)
    assert heard.times == 1


async def test_a_topic_that_was_left_can_be_listened_to_again(
    pair: tuple[Signals, Signals],
) -> None:
    here, there = pair
    for _ in range(3):
        (await until_heard(here, there, "a"))()


async def test_a_topic_without_listeners_is_no_fault(pair: tuple[Signals, Signals]) -> None:
    here, there = pair
    await here.notify("nobody")
    await flushed(here, there)
