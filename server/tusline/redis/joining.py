"""Connecting to a server, entering it, and asking what it is."""

import asyncio
import socket
from typing import Any

from tusline.redis.address import Address
from tusline.redis.facts import Facts, parse
from tusline.redis.faults import LinkBroken
from tusline.redis.link import Bounds, Link

NAME = "tusline"
"""How the connection is called in the server's CLIENT LIST."""


async def join(address: Address, bounds: Bounds) -> tuple[Link, Facts]:
    """A link that is ready for calls. Raises LinkBroken, and ReplyError where the server does not
    let us in."""
    try:
        async with asyncio.timeout(bounds.stall):
            link = await _connect(address, bounds)
            try:
                return link, await _enter(link, address)
            except BaseException:
                link.give_up("not entered")
                raise
    except TimeoutError:
        raise LinkBroken(f"not connected in {bounds.stall:g} s") from None
    except (OSError, ValueError) as error:
        raise LinkBroken(str(error)) from None


async def _connect(address: Address, bounds: Bounds) -> Link:
    loop = asyncio.get_running_loop()

    def protocol() -> Link:
        return Link(bounds)

    if address.path is not None:
        _, link = await loop.create_unix_connection(protocol, address.path)
        return link
    transport, link = await loop.create_connection(
        protocol, address.host, address.port, ssl=address.tls
    )
    sock = transport.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return link


async def _enter(link: Link, address: Address) -> Facts:
    answers: list[asyncio.Future[Any]] = []
    if address.password is not None:
        who = [address.username] if address.username else []
        answers.append(link.call("AUTH", *who, address.password))
    if address.db:
        answers.append(link.call("SELECT", address.db))
    link.send("CLIENT", "SETNAME", NAME)
    answers.append(link.call("INFO"))
    await asyncio.gather(*answers, return_exceptions=True)
    return parse([answer.result() for answer in answers][-1])
