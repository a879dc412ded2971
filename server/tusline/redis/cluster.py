"""What a cluster says about itself: who has which slots, and where a call should go instead."""

from dataclasses import dataclass
from typing import Any

from redis.crc import REDIS_CLUSTER_HASH_SLOTS as SLOTS
from redis.crc import key_slot

__all__ = ["SLOTS", "Place", "Redirect", "masters", "redirect", "slot_of"]

Place = tuple[str, int]
"""Host and port."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """An error reply that names the server to ask. An empty host is that of who answered."""

    slot: int
    place: Place


def slot_of(key: str) -> int:
    """The slot of a key, or of its hash tag."""
    return key_slot(key.encode())


def redirect(reply: str, *, asked: str) -> Redirect:
    """Read `MOVED 3999 10.0.0.1:6379`, or ASK, as it came from the host `asked`. Raises
    ValueError."""
    _, slot, place = reply.split()
    host, _, port = place.rpartition(":")
    return Redirect(slot=int(slot), place=(host or asked, int(port)))


def masters(reply: Any, *, asked: str) -> dict[Place, list[range]]:
    """The servers that write, and their slots, from the answer of CLUSTER SLOTS."""
    found: dict[Place, list[range]] = {}
    for first, last, master, *_ in reply:
        host = (master[0] or b"").decode()
        place = (asked if host in ("", "?") else host, int(master[1]))
        found.setdefault(place, []).append(range(first, last + 1))
    return found
