"""A Lua script that servers run: one atomic step on the keys of one shard."""

from dataclasses import dataclass, field
from hashlib import sha1


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """`ARGV[1]` is the epoch of the server that runs it, `ARGV[2]` a nonce that a call keeps when
    it is sent again: what a script writes, it must write once per nonce."""

    name: str
    source: str = field(repr=False)
    sha1: str = field(init=False)

    def __post_init__(self) -> None:
        digest = sha1(self.source.encode(), usedforsecurity=False).hexdigest()
        object.__setattr__(self, "sha1", digest)
