"""A Redis server, a replica of it that can be made to lag, and one address for both."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.line import Line
from support.redis_servers import AOF, RedisServer, in_step, running_redis
from support.servers import HOST


@dataclass(slots=True)
class Pair:
    """`address` leads to the primary, until the replica takes over; `replication` is the replica's
    line to it."""

    primary: RedisServer
    replica: RedisServer
    address: Line
    replication: Line

    @property
    def url(self) -> str:
        """As REDIS_URL."""
        return f"redis://{HOST}:{self.address.port}"

    def lag(self) -> None:
        """From now on the replica hears nothing."""
        self.replication.stall()

    def fail_over(self) -> None:
        """The primary dies, and the replica takes over with what it has."""
        self.primary.kill()
        self.replication.refuse()
        self.replication.cut()
        self.replica.call("REPLICAOF", "NO", "ONE")
        self.address.lead(self.replica.port)


@contextmanager
def redis_pair(folder: Path) -> Generator[Pair]:
    """Both of them in step."""
    with running_redis(folder / "primary", *AOF) as primary:
        with Line(primary.port) as replication, Line(primary.port) as address:
            follows = ("--replicaof", f"{HOST} {replication.port}", *AOF)
            with running_redis(folder / "replica", *follows) as replica:
                replica.until(lambda: in_step(replica), "it is in step")
                yield Pair(
                    primary=primary, replica=replica, address=address, replication=replication
                )
