"""Scripts and commands against a real server."""

import pytest

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


async def test_the_fault_of_a_script_is_told_and_not_repeated(redis: Redis) -> None:
    with pytest.raises(ScriptError, match="wrong"):
        await redis.run(WRONG, ["k"])


async def test_a_plain_command_is_answered(redis: Redis) -> None:
    assert await redis.command("k", "SET", "k", "v") == b"OK"
    assert await redis.command("k", "GET", "k") == b"v"
