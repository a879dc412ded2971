"""One connection and its calls, against a real server behind a line that can break."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from support.line import Line
from support.loops import OWN, UVLOOP, on
from support.redis_servers import RedisServer
from tusline.redis.address import parse
from tusline.redis.faults import LinkBroken, LinkFull, ReplyError
from tusline.redis.joining import join
from tusline.redis.link import Bounds, Link

BIG = 8 * 1024 * 1024

anyio_backend = on(OWN, UVLOOP)


@asynccontextmanager
async def linked(
    port: int, *, stall: float = 5, wait: float = 15, waiters: int = 1000
) -> AsyncGenerator[Link]:
    bounds = Bounds(stall=stall, wait=wait, waiters=waiters)
    link, _ = await join(parse(f"redis://127.0.0.1:{port}"), bounds)
    try:
        yield link
    finally:
        link.give_up("the test is over")


@asynccontextmanager
async def answering(
    answer: Callable[[asyncio.StreamWriter], Awaitable[None]],
    *,
    stall: float = 5,
    wait: float = 15,
) -> AsyncGenerator[Link]:
    """A link to something that answers so to the first bytes of a connection."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        await answer(writer)
        with suppress(OSError):
            while await reader.read(4096):
                pass
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        over.set()

    over = asyncio.Event()
    bounds = Bounds(stall=stall, wait=wait, waiters=1000)
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        to = server.sockets[0].getsockname()
        loop = asyncio.get_running_loop()
        _, link = await loop.create_connection(lambda: Link(bounds), *to)
        try:
            yield link
        finally:
            link.give_up("the test is over")
            await over.wait()


async def test_answers_come_to_the_calls_they_belong_to(redis_server: RedisServer) -> None:
    async with linked(redis_server.port) as link:
        calls = [link.call("ECHO", number) for number in range(500)]
        assert [int(await call) for call in calls] == list(range(500))


async def test_calls_of_one_loop_turn_leave_together(redis_server: RedisServer) -> None:
    before = int(redis_server.info("stats")["total_reads_processed"])
    async with linked(redis_server.port) as link:
        await asyncio.gather(*(link.call("ECHO", number) for number in range(100)))
    reads = int(redis_server.info("stats")["total_reads_processed"]) - before
    assert reads < 20, "a read for each call"


async def test_who_stops_waiting_takes_nobody_elses_answer(redis_server: RedisServer) -> None:
    async with linked(redis_server.port) as link:
        calls = [link.call("ECHO", number) for number in range(100)]
        for call in calls[::2]:
            call.cancel()
        assert [int(await call) for call in calls[1::2]] == list(range(1, 100, 2))
        assert await link.call("ECHO", "after") == b"after"


async def test_an_error_reply_fails_its_own_call_only(redis_server: RedisServer) -> None:
    async with linked(redis_server.port) as link:
        before, wrong, after = link.call("PING"), link.call("NONSENSE"), link.call("PING")
        assert await before == b"PONG"
        with pytest.raises(ReplyError, match="unknown command"):
            await wrong
        assert await after == b"PONG"


async def test_large_values_pass_whole_in_both_directions(redis_server: RedisServer) -> None:
    value = bytes(range(256)) * (BIG // 256)
    async with linked(redis_server.port) as link:
        stored, read, after = (
            link.call("SET", "k", value),
            link.call("GET", "k"),
            link.call("ECHO", "after"),
        )
        assert await stored == b"OK"
        assert await read == value
        assert await after == b"after"


async def test_a_reset_in_the_middle_of_an_answer_fails_every_call() -> None:
    async def half(writer: asyncio.StreamWriter) -> None:
        writer.write(b"+one\r\n$100\r\nonly this")
        await writer.drain()
        writer.transport.abort()

    async with answering(half) as link:
        calls = [link.call("PING"), link.call("GET", "k"), link.call("PING")]
        ended = await asyncio.gather(*calls, return_exceptions=True)
        assert ended[0] == b"one"
        assert [type(end) for end in ended[1:]] == [LinkBroken, LinkBroken]
        with pytest.raises(LinkBroken):
            link.call("PING")


async def test_a_silent_server_is_given_up(redis_server: RedisServer) -> None:
    with Line(redis_server.port) as line:
        async with linked(line.port, stall=0.2) as link:
            line.stall()
            with pytest.raises(LinkBroken, match=r"no answer in 0\.2 s"):
                await link.call("PING")


async def test_an_idle_server_is_not_given_up(redis_server: RedisServer) -> None:
    async with linked(redis_server.port, stall=0.1) as link:
        await asyncio.wait([link.lost], timeout=0.5)
        assert await link.call("PING") == b"PONG"


async def test_a_slow_answer_that_moves_is_waited_for() -> None:
    async def slowly(writer: asyncio.StreamWriter) -> None:
        for byte in b"$10\r\n0123456789\r\n":
            writer.write(bytes([byte]))
            await asyncio.sleep(0.05)

    async with answering(slowly, stall=0.4) as link:
        assert await link.call("GET", "k") == b"0123456789"


async def test_no_call_waits_beyond_its_time_while_others_are_answered() -> None:
    fast = asyncio.Event()

    async def one_by_one(writer: asyncio.StreamWriter) -> None:
        for number in range(101):
            if not fast.is_set():
                await asyncio.sleep(0.05)
            writer.write(b":%d\r\n" % number)

    async with answering(one_by_one, stall=0.4, wait=0.4) as link:
        calls = [link.call("PING") for _ in range(100)]
        ended = await asyncio.gather(*calls, return_exceptions=True)
        answered = [end for end in ended if isinstance(end, int)]
        late = ended[len(answered) :]
        assert answered == list(range(len(answered)))
        assert late
        assert {type(end) for end in late} == {LinkBroken}
        fast.set()
        assert await link.call("PING") == 100


async def test_a_process_that_was_frozen_does_not_blame_the_server(
    redis_server: RedisServer,
) -> None:
    async with linked(redis_server.port, stall=0.2) as link:
        call = link.call("PING")
        await asyncio.sleep(0)
        time.sleep(0.5)  # the loop does not turn
        assert await call == b"PONG"


async def test_only_so_many_calls_may_wait(redis_server: RedisServer) -> None:
    async with linked(redis_server.port, waiters=3) as link:
        calls = [link.call("PING") for _ in range(3)]
        with pytest.raises(LinkFull):
            link.call("PING")
        assert await asyncio.gather(*calls) == [b"PONG"] * 3
        assert await link.call("PING") == b"PONG"


async def test_what_is_no_redis_server_is_not_joined() -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(LinkBroken):
            async with linked(port):
                pass
