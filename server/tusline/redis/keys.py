"""The name of every key and channel in Redis: what is not named here does not exist.

A shard is 1/64 of all uploads. Its keys carry its number as a hash tag, so that all of them lie in
one slot of a cluster, and a script may touch any of them.
"""

from binascii import crc32
from hashlib import sha256

SHARDS = 64

PLACES = (
    "expiring",
    "awaited",
    "unsettled",
    "joining",
    "unsynced",
    "leftover",
    "going",
    "kept",
    "over",
)
"""What the sweeper looks for in a shard, each in an index of ids by the time from which they are
due: what expires; complete members whose final upload may have gone; what is complete and not
finished; pending final uploads; what is not synced; what is over and has bytes left; originals that
are to go; originals that are kept for a time; and records that are."""


def shard_of(id: str) -> int:
    """The shard that an upload, or whatever else has a name, belongs to."""
    return crc32(id.encode()) % SHARDS


class Keys:
    """Names under a prefix, for deployments that share a server."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._signals = f"{prefix}:signal:"
        self._shared = [self._shared_by(tag) for tag in map(self.tag, range(SHARDS))]

    def tag(self, shard: int) -> str:
        """How every key of a shard begins."""
        return f"{self._prefix}:{{{shard:02}}}"

    # --- records -----------------------------------------------------------------------------

    def upload(self, id: str) -> tuple[str, ...]:
        """What a script on one upload may touch: its record, journal, timeline, and the final
        uploads that wait for it; then, of its shard, sentinel, outbox, and the index of each of
        PLACES."""
        shard = shard_of(id)
        tag = self.tag(shard)
        own = (f"{tag}:upload:{id}", f"{tag}:journal:{id}", f"{tag}:events:{id}")
        return (*own, f"{tag}:finals:{id}", *self._shared[shard])

    def timeline(self, id: str) -> str:
        """What happened to an upload."""
        return self.upload(id)[2]

    def sentinel(self, shard: int) -> str:
        """Says that no record of a shard is missing."""
        return self._shared[shard][0]

    def outbox(self, shard: int) -> str:
        """Uploads that wait for the optimizer."""
        return self._shared[shard][1]

    def places(self, shard: int) -> tuple[str, ...]:
        """The indexes of what is due, in the order of PLACES."""
        return self._shared[shard][2:]

    def place(self, name: str, id: str) -> str:
        """One of these indexes, where the upload would be."""
        return self.places(shard_of(id))[PLACES.index(name)]

    def tail(self, id: str) -> tuple[str, str]:
        """Bytes of an upload that are too few for a part, and how many those of its shard are."""
        tag = self.tag(shard_of(id))
        return f"{tag}:tail:{id}", f"{tag}:tail-bytes"

    def claim(self, owner: str, key: str) -> str:
        """What an idempotency key stands for."""
        return self._of_owner("key", owner, key)

    def batch(self, owner: str, batch: str) -> str:
        """The places that are taken in a batch."""
        return self._of_owner("batch", owner, batch)

    def _of_owner(self, kind: str, owner: str, name: str) -> str:
        """Clients choose these names: a digest is as long as any, and has no signs of its own."""
        digest = sha256(f"{len(owner)}:{owner}{name}".encode()).hexdigest()
        return f"{self.tag(shard_of(digest))}:{kind}:{digest}"

    def _shared_by(self, tag: str) -> tuple[str, ...]:
        return (f"{tag}:sentinel", f"{tag}:outbox", *(f"{tag}:{place}" for place in PLACES))

    # --- signals -----------------------------------------------------------------------------

    def channel(self, topic: str) -> str:
        """The channel on which a signal is published."""
        return self._signals + topic

    def topic(self, channel: str) -> str:
        """The signal that is published on a channel."""
        return channel.removeprefix(self._signals)
