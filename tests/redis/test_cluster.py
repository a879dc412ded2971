"""A real cluster of three servers."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.redis_clients import count, epoch, opened
from support.redis_cluster import RedisCluster, running_cluster, running_successor
from tusline.redis.client import Redis
from tusline.redis.cluster import masters, redirect, slot_of
from tusline.redis.faults import ScriptError
from tusline.redis.keys import SHARDS, Keys, shard_of
from tusline.redis.script import Script

KEYS = Keys("test")
TWO = Script(name="two", source="return {redis.call('INCR', KEYS[1]), redis.call('INCR', KEYS[2])}")


def names() -> Iterator[str]:
    """The hash tag of each shard."""
    return (f"{shard:02}" for shard in range(SHARDS))


async def test_every_shard_is_served_by_its_own_server(
    clustered: Redis, redis_cluster: RedisCluster
) -> None:
    assert await asyncio.gather(*(count(clustered, name) for name in names())) == [1] * SHARDS
    assert await asyncio.gather(*(count(clustered, name) for name in names())) == [2] * SHARDS
    sizes = [server.call("DBSIZE") for server in redis_cluster.servers]
    assert sum(sizes) == 2 * SHARDS
    assert all(sizes), "a server without a shard"


async def test_the_epoch_is_the_servers_own(clustered: Redis, redis_cluster: RedisCluster) -> None:
    epochs = {await epoch(clustered, name) for name in names()}
    lives = {server.info("server")["run_id"] for server in redis_cluster.servers}
    assert {told.partition(".")[0] for told in epochs} == lives


async def test_there_is_one_connection_to_each_server(
    clustered: Redis, redis_cluster: RedisCluster
) -> None:
    for _ in range(3):
        await asyncio.gather(*(count(clustered, name) for name in names()))
    for server in redis_cluster.servers:
        clients = server.call("CLIENT", "LIST", "TYPE", "normal").decode().splitlines()
        assert len([line for line in clients if "name=tusline " in line]) == 1


async def test_keys_of_two_shards_in_one_script_are_a_fault(clustered: Redis) -> None:
    with pytest.raises(ScriptError, match="CROSSSLOT"):
        await clustered.run(TWO, ["{00}", "{01}"])


async def test_calls_go_on_while_a_slot_moves(
    clustered: Redis, redis_cluster: RedisCluster
) -> None:
    """Keys that have gone are asked for on the other side; two that are torn apart are waited for,
    and what moved has the epoch of the server that has it now."""
    name = "00"
    slot = slot_of(f"{{{name}}}")
    target = redis_cluster.elsewhere(slot)
    before = await epoch(clustered, name)
    for number in range(150):
        await clustered.command(f"{{{name}}}", "SET", f"{{{name}}}:{number}", number)
    over = asyncio.Event()
    numbers: list[int] = []

    async def keep_counting() -> None:
        while not over.is_set():
            numbers.append(await count(clustered, name))

    counting = [asyncio.create_task(keep_counting()) for _ in range(4)]
    while len(numbers) < 20:
        await asyncio.sleep(0)
    await asyncio.to_thread(redis_cluster.migrate, slot, target)
    half = len(numbers)
    while await asyncio.to_thread(redis_cluster.carry, slot, target):
        read = [clustered.command(f"{{{name}}}", "GET", f"{{{name}}}:{n}") for n in range(150)]
        assert await asyncio.gather(*read) == [b"%d" % n for n in range(150)]
    await asyncio.to_thread(redis_cluster.settle, slot, target)
    while len(numbers) < half + 50:
        await asyncio.sleep(0.001)
    over.set()
    await asyncio.gather(*counting)
    assert sorted(numbers) == list(range(2, len(numbers) + 2))
    after = await epoch(clustered, name)
    assert after != before
    assert after.startswith(target.info("server")["run_id"])


async def test_a_script_that_only_the_old_owner_knew_moves_on(
    clustered: Redis, redis_cluster: RedisCluster
) -> None:
    name = "01"
    slot = slot_of(f"{{{name}}}")
    target = redis_cluster.elsewhere(slot)
    assert await count(clustered, name) == 1
    redis_cluster.migrate(slot, target)
    while redis_cluster.carry(slot, target):
        pass
    assert await count(clustered, name) == 2  # ASK, then NOSCRIPT
    redis_cluster.settle(slot, target)
    assert await count(clustered, name) == 3


async def test_a_failover_is_followed(tmp_path: Path) -> None:
    with running_cluster(tmp_path) as cluster:
        old = cluster.servers[2]
        with running_successor(cluster, old, tmp_path / "replica") as replica:
            async with opened(cluster.url) as client:
                for name in names():
                    assert await count(client, name) == 1
                name = next(n for n in names() if cluster.owner(slot_of(f"{{{n}}}")) is old)
                before = await epoch(client, name)
                old.kill()
                call = asyncio.create_task(count(client, name))
                assert replica.call("CLUSTER", "FAILOVER", "TAKEOVER") == b"OK"
                assert await call == 3
                assert await epoch(client, name) != before


def test_a_redirection_without_a_host_stays_with_who_gave_it() -> None:
    assert redirect("MOVED 7 :6381", asked="10.0.0.1").place == ("10.0.0.1", 6381)
    assert redirect("ASK 7 ::1:6381", asked="10.0.0.1").place == ("::1", 6381)
    assert redirect("ASK 7 host.example:6381", asked="10.0.0.1").slot == 7
    slots = [[0, 9, [b"", 1, b"id"]], [10, 11, [None, 1, b"id"]], [12, 12, [b"h", 2, b"id"]]]
    assert masters(slots, asked="a") == {
        ("a", 1): [range(10), range(10, 12)],
        ("h", 2): [range(12, 13)],
    }


def test_keys_of_a_shard_lie_in_one_slot() -> None:
    shard = shard_of("an upload")
    assert slot_of(KEYS.tag(shard) + ":a") == slot_of(KEYS.tag(shard) + ":b")
    assert 0 <= shard < SHARDS
