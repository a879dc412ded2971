"""Scripts and commands on the server that owns a key, sent again until they are answered."""

import asyncio
import itertools
import random
import secrets
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any

import structlog

from tusline.errors import RecordsUnavailable
from tusline.redis.address import Address
from tusline.redis.faults import (
    LinkBroken,
    LinkFull,
    Meaning,
    ReplyError,
    ScriptError,
    meaning,
)
from tusline.redis.joining import Bounds
from tusline.redis.link import Link, Part
from tusline.redis.node import Node
from tusline.redis.script import Script

log = structlog.get_logger()

PAUSE, LONGEST_PAUSE = 0.02, 0.5
"""Seconds before a call is sent again: the first time, and the longest of the doubled ones."""

RETRY_AFTER = 2
"""Seconds that a client should wait when the records do not answer."""

STALL, WAITERS = 5.0, 10_000


class Redis:
    """The deployment's Redis: one server. Its link is made by `open`, in the background."""

    def __init__(
        self, address: Address, *, wait: float, stall: float = STALL, waiters: int = WAITERS
    ) -> None:
        """`wait`: seconds after which a call that has no answer is given up; `stall`: seconds of
        silence after which a connection is; `waiters`: calls that may wait."""
        self._address = address
        self._bounds = Bounds(stall=min(stall, wait), waiters=waiters)
        self._wait = wait
        self._calls = 0
        self._node: Node | None = None
        self._nonces = (f"{secrets.token_hex(8)}{number:x}" for number in itertools.count())

    async def open(self) -> None:
        """Begin to connect. Does not wait for it: calls do."""
        self._node = Node(self._address, self._bounds)

    async def close(self) -> None:
        """End every connection: calls that wait, and later ones, fail."""
        node, self._node = self._node, None
        if node is not None:
            await node.close()

    async def run(self, script: Script, keys: Sequence[str], args: Sequence[Part] = ()) -> Any:
        """What the script returns, with bytes for strings. It may run more than once, under the
        same nonce, where answers got lost. The keys are of one slot. Raises RecordsUnavailable,
        and ScriptError for an error of the script's own."""
        nonce = next(self._nonces)

        def send(node: Node, link: Link) -> asyncio.Future[Any]:
            epoch = node.facts.epoch if node.facts else ""
            return link.call("EVALSHA", script.sha1, len(keys), *keys, epoch, nonce, *args)

        return await self._until_answered(send, script)

    async def command(self, key: str, *parts: Part) -> Any:
        """The answer of a plain command on the server that owns `key`. It may be done more than
        once. Raises RecordsUnavailable, ScriptError."""
        return await self._until_answered(lambda _, link: link.call(*parts), None)

    def post(self, *parts: Part) -> None:
        """Send a command to any server, and do not look back: it may get lost. Never raises."""
        try:
            if self._node is not None and self._node.link is not None:
                self._node.link.send(*parts)
        except (LinkBroken, LinkFull):
            pass

    async def _until_answered(
        self, send: Callable[[Node, Link], asyncio.Future[Any]], script: Script | None
    ) -> Any:
        loop = asyncio.get_running_loop()
        give_up = loop.time() + self._wait
        pause = PAUSE
        with self._place():
            while True:
                node = self._owner()
                try:
                    if node.link is None:
                        await node.up(give_up - loop.time())
                    if node.link is not None:
                        return await send(node, node.link)
                except TimeoutError:
                    raise _away() from None
                except LinkFull as error:
                    raise _away() from error
                except ReplyError as error:
                    self._digest(error, node, script)
                except LinkBroken as error:
                    log.debug("redis.again", why=str(error))
                await asyncio.sleep(pause * random.uniform(0.5, 1))
                pause = min(2 * pause, LONGEST_PAUSE)
                if loop.time() > give_up:
                    raise _away()

    def _digest(self, error: ReplyError, node: Node, script: Script | None) -> None:
        """Prepare the next attempt. Raises ScriptError when there should be none."""
        match meaning(error):
            case Meaning.LOAD if script is not None and node.link is not None:
                node.link.send("SCRIPT", "LOAD", script.source)
            case Meaning.LATER | Meaning.LOAD:
                pass
            case Meaning.ELSEWHERE:
                node.drop(str(error))
            case _:
                what = script.name if script else "command"
                raise ScriptError(f"{what}: {error}") from error

    def _owner(self) -> Node:
        if self._node is None:
            raise _away()
        return self._node

    @contextmanager
    def _place(self) -> Generator[None]:
        """One of the calls that may wait."""
        if self._calls >= self._bounds.waiters:
            raise _away()
        self._calls += 1
        try:
            yield
        finally:
            self._calls -= 1


def _away() -> RecordsUnavailable:
    return RecordsUnavailable("the records do not answer", retry_after=RETRY_AFTER)
