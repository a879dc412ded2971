"""Scripts and commands against a real server."""

import asyncio
from pathlib import Path

import pytest

from support.redis_clients import count, opened
from support.redis_servers import RedisServer, running_redis
from tusline.errors import RecordsUnavailable
from tusline.redis.client import Redis
from tusline.redis.faults import ScriptError
from tusline.redis.script import Script

ECHO = Script(name="echo", source="return {KEYS[1], ARGV[1], ARGV[2], ARGV[3]}")
WRONG = Script(name="wrong", source="return redis.call('HGET', KEYS[1])")


async def test_a_script_gets_keys_epoch_nonce_and_arguments(redis: Redis) -> None:
    key, epoch, nonce, argument = await redis.run(ECHO, ["k"], [b"\x00\xff"])
    assert (key, argument) == (b"k", b"\x00\xff")
    assert len(epoch) == 81
    assert nonce
    assert (await redis.run(ECHO, ["k"], ["x"]))[2] != nonce


async def test_no_two_clients_use_the_same_nonce(redis: Redis, redis_server: RedisServer) -> None:
    async with opened(redis_server.url) as other:
        told = [(await client.run(ECHO, ["k"], [""]))[2] for client in (redis, other)]
    assert told[0] != told[1]


async def test_the_fault_of_a_script_is_told_and_not_repeated(redis: Redis) -> None:
    with pytest.raises(ScriptError, match="wrong"):
        await redis.run(WRONG, ["k"])


async def test_a_plain_command_is_answered(redis: Redis) -> None:
    assert await redis.command("k", "SET", "k", "v") == b"OK"
    assert await redis.command("k", "GET", "k") == b"v"
    with pytest.raises(ScriptError, match="WRONGTYPE"):
        await redis.command("k", "LPUSH", "k", "v")


async def test_scripts_that_the_server_forgot_are_loaded_again(
    redis: Redis, redis_server: RedisServer
) -> None:
    assert await count(redis) == 1
    redis_server.call("SCRIPT", "FLUSH")
    assert sorted(await asyncio.gather(*(count(redis) for _ in range(20)))) == list(range(2, 22))


async def test_a_cancelled_call_does_not_mix_up_the_others(redis: Redis) -> None:
    await count(redis)
    calls = [asyncio.create_task(redis.run(ECHO, ["k"], [str(n)])) for n in range(100)]
    await asyncio.sleep(0)
    for call in calls[::3]:
        call.cancel()
    ended = await asyncio.gather(*calls, return_exceptions=True)
    for number, end in enumerate(ended):
        if number % 3:
            assert isinstance(end, list)
            assert end[3] == b"%d" % number


async def test_what_is_posted_arrives(redis: Redis, redis_server: RedisServer) -> None:
    await redis.command("k", "PING")
    redis.post("SET", "k", "posted")
    assert await redis.command("k", "GET", "k") == b"posted"


async def test_posting_to_a_server_that_is_away_does_no_harm() -> None:
    async with opened("redis://127.0.0.1:1") as client:
        client.post("SET", "k", "v")


async def test_a_password_is_given_and_a_database_chosen(tmp_path: Path) -> None:
    with running_redis(tmp_path, password="p:ss/w@rd") as server:
        url = f"redis://:p%3Ass%2Fw%40rd@127.0.0.1:{server.port}/3"
        async with opened(url) as client:
            await client.command("k", "SET", "k", "v")
        assert server.info("keyspace")["db3"].startswith("keys=1")
        async with opened(server.url.replace("p:ss/w@rd", "wrong"), wait=0.3) as stranger:
            with pytest.raises(RecordsUnavailable):
                await stranger.command("k", "GET", "k")


async def test_a_user_of_an_access_list_may_enter(redis_server: RedisServer) -> None:
    redis_server.call("ACL", "SETUSER", "tus", "on", ">secret", "~*", "&*", "+@all")
    url = redis_server.url.replace("//", "//tus:secret@")
    async with opened(url) as client:
        assert await client.command("k", "ACL", "WHOAMI") == b"tus"


async def test_a_unix_socket_is_spoken_to(redis_server: RedisServer) -> None:
    async with opened(f"unix://{redis_server.socket}") as client:
        assert await client.command("k", "PING") == b"PONG"


async def test_a_closed_client_refuses_calls(redis_server: RedisServer) -> None:
    async with opened(redis_server.url) as client:
        await count(client)
    with pytest.raises(RecordsUnavailable):
        await count(client)
