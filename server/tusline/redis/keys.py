"""The name of every key and channel in Redis: what is not named here does not exist.

A shard is 1/64 of all uploads. Its keys carry its number as a hash tag, so that all of them lie in
one slot of a cluster, and a script may touch any of them.
"""

from binascii import crc32

SHARDS = 64


def shard_of(id: str) -> int:
    """The shard that an upload, or whatever else has a name, belongs to."""
    return crc32(id.encode()) % SHARDS


class Keys:
    """Names under a prefix, for deployments that share a server."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._signals = f"{prefix}:signal:"

    def tag(self, shard: int) -> str:
        """How every key of a shard begins."""
        return f"{self._prefix}:{{{shard:02}}}"

    def channel(self, topic: str) -> str:
        """The channel on which a signal is published."""
        return self._signals + topic

    def topic(self, channel: str) -> str:
        """The signal that is published on a channel."""
        return channel.removeprefix(self._signals)
