"""One server, and the link to it: kept up in the background, made anew when it is lost."""

import asyncio
import random

import structlog

from tusline.redis.address import Address
from tusline.redis.facts import Facts, parse
from tusline.redis.faults import LinkBroken, LinkFull, ReplyError
from tusline.redis.joining import join
from tusline.redis.link import Bounds, Link

log = structlog.get_logger()

PAUSE, LONGEST_PAUSE = 0.05, 0.5
"""Seconds between two attempts to connect: the first, and the longest of the doubled ones."""

PULSE = 1.0
"""Seconds between two looks whether the server is still what it was."""


class Node:
    """A server is up while there is a link to it and it is one that writes."""

    def __init__(self, address: Address, bounds: Bounds) -> None:
        self.address = address
        self.link: Link | None = None
        self.epoch = ""
        """Which life of which data the link's answers are of."""

        self._bounds = bounds
        self._up = asyncio.Event()
        self._why = ""
        self._task = asyncio.create_task(self._keep(), name=f"redis {address}")

    def linked(self) -> Link:
        """The link. Raises LinkBroken while there is none."""
        if self.link is None:
            raise LinkBroken(f"{self.address} is not up")
        return self.link

    async def up(self) -> None:
        """Wait for a link, or until it is worth a look whether another server has taken over."""
        await self._up.wait()

    def wake(self) -> None:
        """End every wait for this server's link."""
        self._up.set()
        if self.link is None:
            self._up.clear()

    def drop(self, why: str) -> None:
        """Make the link anew: another server may answer under the same address by now."""
        if self.link is not None:
            self.link.give_up(why)

    def close(self) -> asyncio.Task[None]:
        """End the link for good; the answer is done when that is so."""
        self._task.cancel()
        return self._task

    async def _keep(self) -> None:
        pause = PAUSE
        while True:
            try:
                link, facts = await join(self.address, self._bounds)
                if fault := _unfit(facts):
                    link.give_up(fault)
                    raise LinkBroken(fault)
                pause = PAUSE
                await self._stay(link, facts)
            except (LinkBroken, ReplyError) as error:
                self._tell(str(error))
            await asyncio.sleep(pause * random.uniform(0.5, 1))
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _stay(self, link: Link, facts: Facts) -> None:
        """Be up until the link is lost. Raises LinkBroken then."""
        self._tell("")
        self.link, self.epoch = link, facts.epoch
        self._up.set()
        try:
            while not link.lost.done():
                await asyncio.wait([link.lost], timeout=PULSE)
                await self._look(link, facts)
        finally:
            self.link = None
            self._up.clear()
            link.give_up("closed")

    async def _look(self, link: Link, facts: Facts) -> None:
        """Raises LinkBroken once the server is not the one any more that it was."""
        try:
            now = parse(await link.call("INFO"))
        except (ReplyError, LinkFull):
            return  # busy: a look can wait
        except ValueError as error:
            raise LinkBroken(str(error)) from None
        if now != facts:
            raise LinkBroken("its role or its data changed")

    def _tell(self, why: str) -> None:
        """Log each change once."""
        if why and not self._why:
            log.warning("redis.down", server=str(self.address), why=why)
        elif self._why and not why:
            log.info("redis.up", server=str(self.address), after=self._why)
        self._why = why


def _unfit(facts: Facts) -> str:
    """Why no call should be sent to such a server; "" when it should. A replica in a cluster is
    asked all the same: it points to the server that writes."""
    if facts.loading:
        return "it is loading its data"
    return "" if facts.master or facts.cluster else "it is a replica"
