"""A real cluster of three Redis-compatible servers, whose slots can be moved."""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from support.redis_servers import RedisServer, running_redis
from support.servers import HOST, free_port
from tusline.redis.cluster import SLOTS

SERVERS = 3
BATCH = 100
"""Keys of a slot that move at a time."""


class RedisCluster:
    """Slots are spread evenly at the start."""

    def __init__(self, servers: list[RedisServer]) -> None:
        self.servers = servers

    @property
    def url(self) -> str:
        """One of them, as REDIS_URL: the others have to be found out."""
        return self.servers[0].url

    def elsewhere(self, slot: int) -> RedisServer:
        """A server that does not have a slot."""
        return next(server for server in self.servers if server is not self.owner(slot))

    def owner(self, slot: int) -> RedisServer:
        """The server that has a slot, as the servers themselves see it."""
        ports = [
            master[1]
            for first, last, master, *_ in self.servers[0].call("CLUSTER", "SLOTS")
            if first <= slot <= last
        ]
        return next(server for server in self.servers if server.port in ports)

    def migrate(self, slot: int, to: RedisServer) -> None:
        """Begin to move a slot: keys may be on either side until `settle`."""
        source = self.owner(slot)
        assert to.call("CLUSTER", "SETSLOT", slot, "IMPORTING", _id(source)) == b"OK"
        assert source.call("CLUSTER", "SETSLOT", slot, "MIGRATING", _id(to)) == b"OK"

    def carry(self, slot: int, to: RedisServer) -> int:
        """Move some of a slot's keys; how many there were left."""
        source = self.owner(slot)
        keys = [key.decode() for key in source.call("CLUSTER", "GETKEYSINSLOT", slot, BATCH)]
        if keys:
            moved = source.call("MIGRATE", HOST, to.port, "", 0, 5000, "KEYS", *keys)
            assert moved in (b"OK", b"NOKEY"), moved
        return len(keys)

    def settle(self, slot: int, to: RedisServer) -> None:
        """End the move: all servers know the new owner."""
        for server in [to, *(one for one in self.servers if one is not to)]:
            assert server.call("CLUSTER", "SETSLOT", slot, "NODE", _id(to)) == b"OK"


@contextmanager
def running_cluster(folder: Path) -> Generator[RedisCluster]:
    """Three started servers that know each other."""
    with ExitStack() as stack:
        servers = [
            stack.enter_context(running_redis(folder / str(number), *_options()))
            for number in range(SERVERS)
        ]
        ends = [SLOTS * number // SERVERS for number in range(SERVERS + 1)]
        for number, server in enumerate(servers):
            _ready(server, servers[0], ends[number], ends[number + 1] - 1)
        for server in servers:
            server.until(partial(_whole, server), "the cluster is whole")
        yield RedisCluster(servers)


@contextmanager
def running_successor(
    cluster: RedisCluster, of: RedisServer, folder: Path
) -> Generator[RedisServer]:
    """A replica of one of the servers, known to all: takes its place when it is told to."""
    with running_redis(folder, *_options()) as replica:
        _meet(replica, of)
        id = _id(of)
        replica.until(lambda: replica.call("CLUSTER", "REPLICATE", id) == b"OK", "a replica")
        in_step = {"master_link_status": "up", "master_sync_in_progress": "0"}.items()
        replica.until(lambda: in_step <= replica.info("replication").items(), "it is in step")
        for server in cluster.servers:
            server.until(partial(_knows, server, replica), "all know the replica")
        yield replica


def _knows(server: RedisServer, replica: RedisServer) -> bool:
    lines = server.call("CLUSTER", "NODES").decode().splitlines()
    return any(f":{replica.port}@" in line and " slave " in line for line in lines)


def _options() -> list[str]:
    return [
        *("--cluster-enabled", "yes", "--cluster-port", str(free_port())),
        *("--cluster-node-timeout", "2000", "--cluster-require-full-coverage", "no"),
    ]


def _ready(server: RedisServer, first: RedisServer, start: int, stop: int) -> None:
    assert server.call("CLUSTER", "ADDSLOTSRANGE", start, stop) == b"OK"
    if server is not first:
        _meet(server, first)


def _meet(server: RedisServer, other: RedisServer) -> None:
    bus = other.call("CONFIG", "GET", "cluster-port")[1].decode()
    assert server.call("CLUSTER", "MEET", HOST, other.port, bus) == b"OK"


def _whole(server: RedisServer) -> bool:
    lines = server.call("CLUSTER", "INFO").decode().split()
    told = dict(line.split(":", 1) for line in lines)
    return bool(told["cluster_state"] == "ok" and told["cluster_slots_ok"] == str(SLOTS))


def _id(server: RedisServer) -> str:
    return str(server.call("CLUSTER", "MYID").decode())
