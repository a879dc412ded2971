"""Scripts and commands on the server that owns a key, sent again until they are answered."""

import asyncio
import itertools
import secrets
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from tusline.errors import RecordsUnavailable
from tusline.redis.address import Address
from tusline.redis.again import Call, Send, again
from tusline.redis.faults import LinkBroken, LinkFull, ReplyError
from tusline.redis.link import Bounds, Part
from tusline.redis.node import Node
from tusline.redis.nodes import Nodes
from tusline.redis.script import Script

RETRY_AFTER = 2
"""Seconds that a client should wait when the records do not answer."""

STALL, WAITERS = 5.0, 10_000


class Redis:
    """The deployment's Redis: a server or a cluster of them."""

    def __init__(
        self, address: Address, *, wait: float, stall: float = STALL, waiters: int = WAITERS
    ) -> None:
        """`wait`: seconds after which a call that has no answer is given up; `stall`: seconds of
        silence after which a connection is; `waiters`: calls that may wait."""
        self._address = address
        self.bounds = Bounds(stall=min(stall, wait), wait=wait, waiters=waiters)
        self._calls = 0
        self._nodes: Nodes | None = None
        self._origin = ""
        self._numbers = itertools.count()

    async def open(self) -> None:
        """Begin to connect. Does not wait for it: calls do."""
        self._origin = secrets.token_hex(8)  # not before: processes may have been forked
        self._nodes = Nodes(self._address, self.bounds)

    async def close(self) -> None:
        """End every connection. No call should be waiting any more."""
        nodes, self._nodes = self._nodes, None
        if nodes is not None:
            await nodes.close()

    async def run(self, script: Script, keys: Sequence[str], args: Sequence[Part] = ()) -> Any:
        """What the script returns, with bytes for strings. It may run more than once, under the
        same nonce, where answers got lost. The keys are of one slot. Raises RecordsUnavailable,
        and ScriptError for an error of the script's own."""
        nonce = f"{self._origin}{next(self._numbers):x}"

        def send(node: Node) -> asyncio.Future[Any]:
            return node.linked().call(
                "EVALSHA", script.sha1, len(keys), *keys, node.epoch, nonce, *args
            )

        return await self._answer(keys[0], send, script)

    async def command(self, key: str, *parts: Part) -> Any:
        """The answer of a plain command on the server that owns `key`. It may be done more than
        once. Raises RecordsUnavailable, ScriptError."""
        return await self._answer(key, lambda node: node.linked().call(*parts))

    def post(self, *parts: Part) -> None:
        """Send a command to any server, and do not look back: it may get lost. Never raises."""
        node = self._nodes.any() if self._nodes is not None else None
        if node is not None:
            with suppress(LinkBroken, LinkFull):
                node.linked().send(*parts)

    def addresses(self) -> list[Address]:
        """Where servers should be: the one that was named, and those found out since."""
        return self._nodes.addresses() if self._nodes is not None else [self._address]

    async def _answer(self, key: str, send: Send, script: Script | None = None) -> Any:
        nodes = self._nodes
        if nodes is None or self._calls >= self.bounds.waiters:
            raise _away()
        give_up = asyncio.get_running_loop().time() + self.bounds.wait
        fault: Exception | None = None
        self._calls += 1
        try:
            node = nodes.owner(key)
            if node.link is not None:
                try:
                    return await send(node)  # nearly always; the link bounds the wait
                except (LinkBroken, ReplyError) as error:
                    fault = error
            async with asyncio.timeout_at(give_up):
                return await again(nodes, Call(key=key, send=send, script=script), node, fault)
        except (TimeoutError, LinkFull) as error:
            raise _away() from error
        finally:
            self._calls -= 1


def _away() -> RecordsUnavailable:
    return RecordsUnavailable("the records do not answer", retry_after=RETRY_AFTER)
