"""Signals over real servers: what the contract does not say."""

import asyncio
import subprocess
from pathlib import Path

from support.line import Line
from support.redis_cluster import RedisCluster
from support.redis_servers import RedisServer, running_redis
from support.redis_signals import KEYS, redis_signals
from support.servers import HOST, python
from tusline.interfaces import Signals
from tusline.signals.redis import DELAY

SECONDS = 20.0

NOTIFY = """
import asyncio
from support.redis_signals import redis_signals

async def main():
    async with redis_signals({url!r}) as signals:
        await signals.notify({topic!r})

asyncio.run(main())
"""


async def listening(signals: Signals, topic: str) -> asyncio.Event:
    """Set by each signal from now on; the server knows of it already."""
    woken = asyncio.Event()
    signals.listen(topic, woken.set, catch_up=True)
    async with asyncio.timeout(SECONDS):
        await woken.wait()
    woken.clear()
    return woken


async def comes(woken: asyncio.Event) -> None:
    async with asyncio.timeout(SECONDS):
        await woken.wait()
    woken.clear()


async def comes_from(sender: Signals, topic: str, woken: asyncio.Event) -> None:
    """Send until it comes: signals may get lost while connections are made anew."""
    async with asyncio.timeout(SECONDS):
        while not woken.is_set():
            await sender.notify(topic)
            await asyncio.sleep(0.02)
    woken.clear()


async def subscribed(server: RedisServer, topics: int) -> None:
    """Until the server knows of so many topics."""

    def known() -> bool:
        return len(server.call("PUBSUB", "CHANNELS", KEYS.channel("*"))) == topics

    await asyncio.to_thread(server.until, known, f"{topics} topics")


async def test_a_signal_of_a_real_process_comes(redis_server: RedisServer) -> None:
    async with redis_signals(redis_server.url) as signals:
        woken = await listening(signals, "a")
        program = NOTIFY.format(url=redis_server.url, topic="a")
        await asyncio.to_thread(subprocess.run, [*python(), "-c", program], check=True)
        await comes(woken)


async def test_what_may_have_been_missed_is_caught_up_with_by_who_asks(
    redis_server: RedisServer,
) -> None:
    with Line(redis_server.port) as line:
        async with redis_signals(f"redis://{HOST}:{line.port}") as signals:
            never = asyncio.Event()
            signals.listen("a", never.set)
            woken = await listening(signals, "a")
            line.cut()
            await comes(woken)
            assert not never.is_set()


async def test_signals_come_again_when_the_server_was_started_anew(tmp_path: Path) -> None:
    with running_redis(tmp_path) as server:
        async with redis_signals(server.url) as here, redis_signals(server.url) as there:
            woken = await listening(there, "a")
            await asyncio.to_thread(server.restart)
            await comes_from(here, "a", woken)


async def test_a_silent_connection_is_given_up_for_one_that_speaks(tmp_path: Path) -> None:
    with running_redis(tmp_path / "a") as silent, running_redis(tmp_path / "b") as speaking:
        with Line(silent.port) as line:
            async with (
                redis_signals(speaking.url) as here,
                redis_signals(f"redis://{HOST}:{line.port}", stall=0.2) as there,
            ):
                woken = await listening(there, "a")
                silent.freeze()
                line.lead(speaking.port)
                await comes_from(here, "a", woken)


async def test_what_a_process_hears_of_itself_wakes_nobody_twice(
    redis_server: RedisServer,
) -> None:
    async with redis_signals(redis_server.url) as here, redis_signals(redis_server.url) as there:
        times: list[None] = []
        over, arrived = await listening(here, "over"), await listening(there, "a")
        await listening(here, "a")
        here.listen("a", lambda: times.append(None))
        await here.notify("a")
        await comes(arrived)  # the server has told both by now
        await there.notify("over")
        await comes(over)
        assert len(times) == 1


async def test_signals_stay_within_the_process_while_the_server_is_away(tmp_path: Path) -> None:
    with running_redis(tmp_path) as server:
        async with redis_signals(server.url) as signals:
            woken = asyncio.Event()
            signals.listen("a", woken.set)
            server.kill()
            for _ in range(3):
                await signals.notify("a")
                await comes(woken)


async def test_a_listener_that_is_there_for_a_moment_costs_the_server_nothing(
    redis_server: RedisServer,
) -> None:
    async with redis_signals(redis_server.url) as signals:
        before = redis_server.info("commandstats").get("cmdstat_subscribe", "")
        for number in range(100):
            stop = signals.listen(f"short {number}", lambda: None)
            await asyncio.sleep(0)
            stop()
        await asyncio.sleep(3 * DELAY)
        assert redis_server.info("commandstats").get("cmdstat_subscribe", "") == before


async def test_the_server_is_told_of_topics_that_nobody_listens_to_any_more(
    redis_server: RedisServer,
) -> None:
    async with redis_signals(redis_server.url) as signals:
        stops = [signals.listen(f"long {number}", lambda: None) for number in range(50)]
        await subscribed(redis_server, 50)
        for stop in stops:
            stop()
        await subscribed(redis_server, 0)


async def test_signals_cross_a_cluster(redis_cluster: RedisCluster) -> None:
    first, _, third = (server.url for server in redis_cluster.servers)
    async with redis_signals(first) as here, redis_signals(third) as there:
        woken = await listening(there, "a")
        await here.notify("a")
        await comes(woken)
        back = await listening(here, "b")
        await there.notify("b")
        await comes(back)
