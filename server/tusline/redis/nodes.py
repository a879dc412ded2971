"""The servers of a deployment: a single one, or those of a cluster, found out by asking it."""

import asyncio
from contextlib import suppress

import structlog

from tusline.redis.address import Address
from tusline.redis.cluster import SLOTS, Place, masters, slot_of
from tusline.redis.faults import LinkBroken, LinkFull, ReplyError
from tusline.redis.link import Bounds
from tusline.redis.node import Node

log = structlog.get_logger()

PAUSE = 0.2
"""Least seconds between two looks at the map of a cluster."""


class Nodes:
    """Who owns a key. A server that is not in a cluster owns all of them: nothing is asked until
    it sends a call elsewhere."""

    def __init__(self, seed: Address, bounds: Bounds) -> None:
        self._bounds = bounds
        self._seed = Node(seed, bounds)
        self._nodes: dict[Place, Node] = {(seed.host, seed.port): self._seed}
        self._owners: list[Node] | None = None
        self._members: list[Node] = []
        self._doubted = asyncio.Event()
        self._following = asyncio.create_task(self._follow(), name="redis cluster")

    async def close(self) -> None:
        """End every link."""
        self._following.cancel()
        await asyncio.wait([self._following, *(node.close() for node in self._nodes.values())])

    def owner(self, key: str) -> Node:
        """The server that has the key's slot, as far as is known."""
        return self._seed if self._owners is None else self._owners[slot_of(key)]

    def at(self, place: Place) -> Node:
        """The server at an address of the cluster."""
        if place not in self._nodes:
            self._nodes[place] = Node(self._seed.address.at(*place), self._bounds)
        return self._nodes[place]

    def moved(self, slot: int, place: Place) -> Node:
        """A slot has another owner: perhaps others have, too."""
        if self._owners is None:
            self._owners = [self._seed] * SLOTS
        self._owners[slot] = self.at(place)
        self.doubt()
        return self._owners[slot]

    def any(self) -> Node | None:
        """A server that is up."""
        return next((node for node in self._nodes.values() if node.link is not None), None)

    def addresses(self) -> list[Address]:
        """Where servers should be, best known first."""
        return [node.address for node in self._nodes.values()]

    def doubt(self) -> None:
        """Look at the map again, soon. Without a cluster: nothing."""
        if self._owners is not None:
            self._doubted.set()

    async def _follow(self) -> None:
        while True:
            await self._doubted.wait()
            self._doubted.clear()
            await self._look()
            await asyncio.sleep(PAUSE)
            if any(node.link is None for node in self._members):
                self.doubt()

    async def _look(self) -> None:
        """Ask servers that are up, one after the other, until one of them knows."""
        for node in list(self._nodes.values()):
            if node.link is None:
                continue
            with suppress(LinkBroken, LinkFull, ReplyError):
                found = masters(await node.link.call("CLUSTER", "SLOTS"), asked=node.address.host)
                if found:
                    self._apply(found)
                    return

    def _apply(self, found: dict[Place, list[range]]) -> None:
        before, owners = self._owners, [self._seed] * SLOTS
        self._members = [self.at(place) for place in found]
        for place, ranges in found.items():
            for slots in ranges:
                owners[slots.start : slots.stop] = [self.at(place)] * len(slots)
        self._owners = owners
        if owners == before:
            return
        log.info("redis.cluster", servers=len(found))
        for place, node in list(self._nodes.items()):
            node.wake()
            if node not in self._members and node is not self._seed:
                self._nodes.pop(place).close()
