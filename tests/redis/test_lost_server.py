"""A server that dies, freezes, comes back, refuses, or is followed by another one."""

import asyncio
import time
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from support.line import Line
from support.redis_clients import count, epoch, opened
from support.redis_servers import AOF, RedisServer, running_redis, running_replica
from support.servers import HOST
from tusline.errors import RecordsUnavailable
from tusline.redis import node


async def test_calls_go_on_when_the_server_was_killed_and_started_again(tmp_path: Path) -> None:
    with running_redis(tmp_path, *AOF, "--appendfsync", "always") as server:
        async with opened(server.url) as client:
            assert await count(client) == 1
            await asyncio.to_thread(server.kill)
            calls = [asyncio.create_task(count(client)) for _ in range(20)]
            await asyncio.to_thread(server.start)
            assert sorted(await asyncio.gather(*calls)) == list(range(2, 22))


async def test_calls_under_way_while_the_server_dies_count_once(tmp_path: Path) -> None:
    with running_redis(tmp_path, *AOF, "--appendfsync", "always") as server:
        async with opened(server.url) as client:
            calls = []
            for _ in range(3):
                restarting = asyncio.create_task(asyncio.to_thread(server.restart))
                while not restarting.done():
                    calls.append(asyncio.create_task(count(client)))
                    await asyncio.sleep(0.001)
            numbers = await asyncio.gather(*calls)
            assert sorted(numbers) == list(range(1, len(calls) + 1))


async def test_a_broken_connection_is_made_anew_and_calls_count_once(
    redis_server: RedisServer,
) -> None:
    with Line(redis_server.port) as line:
        async with opened(f"redis://{HOST}:{line.port}") as client:
            for _ in range(5):
                calls = [asyncio.create_task(count(client)) for _ in range(20)]
                await asyncio.sleep(0.001)
                line.cut()
                await asyncio.gather(*calls)
            assert await count(client) == 101


async def test_a_frozen_server_is_waited_for(tmp_path: Path) -> None:
    with running_redis(tmp_path) as server:
        async with opened(server.url, stall=0.2) as client:
            before = await epoch(client)
            server.freeze()
            calls = [asyncio.create_task(count(client)) for _ in range(5)]
            await asyncio.wait(calls, timeout=0.6)
            server.thaw()
            assert sorted(await asyncio.gather(*calls)) == [2, 3, 4, 5, 6]
            assert await epoch(client) == before


async def test_the_wait_ends_in_time(redis_server: RedisServer) -> None:
    with Line(redis_server.port) as line:
        async with opened(f"redis://{HOST}:{line.port}", wait=0.6, stall=0.2) as client:
            await count(client)
            line.stall()
            started = time.monotonic()
            with pytest.raises(RecordsUnavailable) as refusal:
                await count(client)
            assert 0.5 < time.monotonic() - started < 5
            assert refusal.value.retry_after is not None
            line.go()
            assert await count(client) >= 2


async def test_a_server_that_was_never_there_is_waited_for_in_vain() -> None:
    async with opened("redis://127.0.0.1:1", wait=0.3) as client:
        with pytest.raises(RecordsUnavailable):
            await count(client)


async def test_a_server_that_starts_late_is_found(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    try:
        async with opened(server.url) as client:
            call = asyncio.create_task(count(client))
            await asyncio.to_thread(server.start)
            assert await call == 1
    finally:
        server.close()


async def test_only_so_many_calls_wait_for_a_server_that_is_away() -> None:
    async with opened("redis://127.0.0.1:1", waiters=3) as client:
        calls = [asyncio.create_task(count(client)) for _ in range(3)]
        await asyncio.sleep(0)
        started = time.monotonic()
        with pytest.raises(RecordsUnavailable):
            await count(client)
        assert time.monotonic() - started < 1, "it waited"
        for call in calls:
            call.cancel()
        await asyncio.wait(calls)
        later = asyncio.create_task(count(client))
        assert not (await asyncio.wait([later], timeout=0.1))[0], "a place was not given back"
        later.cancel()


async def test_another_life_of_the_server_is_another_epoch(tmp_path: Path) -> None:
    with running_redis(tmp_path, *AOF) as server:
        async with opened(server.url) as client:
            before = await epoch(client)
            assert await epoch(client) == before
            await asyncio.to_thread(server.restart)
            assert await epoch(client) != before


async def test_a_promoted_replica_is_found_and_another_epoch(tmp_path: Path) -> None:
    with running_redis(tmp_path / "old") as old, running_replica(old, tmp_path / "new") as new:
        with Line(old.port) as line:
            async with opened(f"redis://{HOST}:{line.port}") as client:
                before = await epoch(client)
                old.call("REPLICAOF", HOST, new.port)  # from here on it refuses to write
                line.lead(new.port)
                call = asyncio.create_task(epoch(client))
                assert not (await asyncio.wait([call], timeout=0.3))[0], "a replica has written"
                new.call("REPLICAOF", "NO", "ONE")
                assert await call not in (before, "")


async def test_a_server_that_refuses_to_write_is_left_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node, "PULSE", 60)  # no look finds it out
    with running_redis(tmp_path / "old") as old, running_redis(tmp_path / "new") as new:
        with Line(old.port) as line:
            async with opened(f"redis://{HOST}:{line.port}") as client:
                assert await count(client) == 1
                old.call("REPLICAOF", HOST, new.port)
                line.lead(new.port)
                assert await count(client) == 1


async def test_a_replica_is_not_asked_for_what_may_be_old(tmp_path: Path) -> None:
    with running_redis(tmp_path / "old") as old, running_replica(old, tmp_path / "new") as new:
        async with opened(new.url) as client:
            call = asyncio.create_task(client.command("k", "GET", "k"))
            assert not (await asyncio.wait([call], timeout=0.3))[0]
            new.call("REPLICAOF", "NO", "ONE")
            assert await call is None


async def test_a_server_that_lost_its_role_for_a_moment_is_another_epoch(tmp_path: Path) -> None:
    with running_redis(tmp_path / "a") as server, running_redis(tmp_path / "b") as other:
        async with opened(server.url) as client:
            before = await epoch(client)
            line = server.info("replication")["master_replid"]
            server.call("REPLICAOF", HOST, other.port)  # its data are replaced by the other's
            server.until(
                lambda: server.info("replication").get("master_link_status") == "up", "a replica"
            )
            server.call("REPLICAOF", "NO", "ONE")
            assert server.info("replication")["master_replid"] != line
            give_up = time.monotonic() + 10
            while await epoch(client) == before:
                assert time.monotonic() < give_up
                await asyncio.sleep(0.05)


async def test_a_server_that_loads_its_data_is_waited_for(tmp_path: Path) -> None:
    slow = ("--key-load-delay", "20000", "--loading-process-events-interval-bytes", "1024")
    with running_redis(tmp_path, *AOF, *slow) as server, capture_logs() as logs:
        async with opened(server.url) as client:
            for part in range(50):
                await client.command("k", "SET", f"k{part}", b"x" * 1000)
            server.call("BGREWRITEAOF")
            done = {"aof_rewrites": "1", "aof_rewrite_in_progress": "0"}.items()
            server.until(lambda: done <= server.info("persistence").items(), "rewritten")
            await asyncio.to_thread(server.kill)
            call = asyncio.create_task(client.command("k", "STRLEN", "k49"))
            await asyncio.to_thread(server.start)
            assert await call == 1000
    assert "it is loading its data" in [entry.get("why", entry.get("after")) for entry in logs]


async def test_a_server_without_enough_replicas_is_waited_for(redis_server: RedisServer) -> None:
    redis_server.call("CONFIG", "SET", "min-replicas-to-write", "1")
    try:
        async with opened(redis_server.url) as client:
            call = asyncio.create_task(client.command("k", "SET", "k", "v"))
            assert not (await asyncio.wait([call], timeout=0.1))[0]
            redis_server.call("CONFIG", "SET", "min-replicas-to-write", "0")
            assert await call == b"OK"
    finally:
        redis_server.call("CONFIG", "SET", "min-replicas-to-write", "0")


async def test_a_server_that_is_busy_with_a_long_script_is_waited_for(
    redis_server: RedisServer,
) -> None:
    redis_server.call("CONFIG", "SET", "lua-time-limit", "10")
    endless = asyncio.to_thread(redis_server.call, "EVAL", "while true do end", 0)
    async with opened(redis_server.url) as client:
        assert await count(client) == 1
        running = asyncio.create_task(endless)
        await asyncio.sleep(0.1)
        call = asyncio.create_task(count(client))
        await asyncio.sleep(0.1)
        assert redis_server.call("SCRIPT", "KILL") == b"OK"
        assert await call == 2
        await running
