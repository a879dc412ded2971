"""A connection on which a server tells what is published: made anew, with all that is wanted."""

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count
from typing import Any

import structlog

from tusline.redis.address import Address
from tusline.redis.faults import LinkBroken, LinkFull, ReplyError
from tusline.redis.joining import join
from tusline.redis.link import Bounds, Link
from tusline.redis.node import LONGEST_PAUSE, PAUSE

log = structlog.get_logger()


class Subscriber:
    """Messages of the channels that are wanted, for as long as it is open. Those that are published
    while there is no connection are lost."""

    def __init__(
        self,
        addresses: Callable[[], Sequence[Address]],
        bounds: Bounds,
        *,
        heard: Callable[[str, bytes], None],
        begun: Callable[[str], None],
    ) -> None:
        """`addresses`: servers to ask, any of them will do. `heard` is called with channel and
        message; `begun` with a channel whose messages come from now on, and again after each
        connection that was lost."""
        self._addresses = addresses
        self._bounds = bounds
        self._heard = heard
        self._begun = begun
        self._wanted: set[str] = set()
        self._link: Link | None = None
        self._alive = False
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begin to connect."""
        self._task = asyncio.create_task(self._keep(), name="redis subscriber")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def wants(self, channel: str) -> bool:
        return channel in self._wanted

    def subscribe(self, channel: str) -> None:
        """Want a channel's messages, from as soon as the server knows of it."""
        self._wanted.add(channel)
        self._send("SUBSCRIBE", channel)

    def unsubscribe(self, channel: str) -> None:
        self._wanted.discard(channel)
        self._send("UNSUBSCRIBE", channel)

    def _send(self, *parts: str) -> None:
        if self._link is not None:
            with suppress(LinkBroken, LinkFull):
                self._link.send(*parts)

    async def _keep(self) -> None:
        pause = PAUSE
        for turn in count():
            addresses = self._addresses()
            try:
                link, _ = await join(addresses[turn % len(addresses)], self._bounds)
                pause = PAUSE
                await self._stay(link)
            except (LinkBroken, LinkFull, ReplyError) as error:
                log.debug("redis.unsubscribed", why=str(error))
            await asyncio.sleep(pause * random.uniform(0.5, 1))
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _stay(self, link: Link) -> None:
        """Hear until the link is lost, or silent although it was asked."""
        link.listen(self._take)
        self._link = link
        try:
            if self._wanted:
                link.send("SUBSCRIBE", *self._wanted)
            self._alive = True
            while self._alive and not link.lost.done():
                self._alive = False
                link.send("PING")
                await asyncio.wait([link.lost], timeout=self._bounds.stall)
        finally:
            self._link = None
            link.give_up("closed, or silent")

    def _take(self, reply: Any) -> None:
        self._alive = True
        match reply:
            case [b"message", channel, data]:
                self._heard(channel.decode(), data)
            case [b"subscribe", channel, _] if (name := channel.decode()) in self._wanted:
                self._begun(name)
            case ReplyError():
                log.warning("redis.subscriber_refused", why=str(reply))
