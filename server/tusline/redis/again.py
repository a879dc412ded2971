"""Sending a call again: where, when, and until when."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tusline.redis.cluster import redirect
from tusline.redis.faults import LinkBroken, Meaning, ReplyError, ScriptError, meaning
from tusline.redis.node import Node
from tusline.redis.nodes import Nodes
from tusline.redis.script import Script

PAUSE, LONGEST_PAUSE = 0.02, 0.5
"""Seconds before a call is sent again: the first time, and the longest of the doubled ones. Less by
chance, so that not all calls come back at once."""

HOPS = 5
"""Times that a call goes on at once, to a server that it was sent to, or with its script."""


Send = Callable[[Node], asyncio.Future[Any]]
"""Sends a call to a server, any number of times. Raises LinkBroken where it is not up, LinkFull."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What is to be answered: on the server that owns `key`."""

    key: str
    send: Send
    script: Script | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """Where to send a call next; without a node to the one that owns its key then. `asking`: the
    server has the key, though not the slot."""

    node: Node | None = None
    asking: bool = False
    pause: bool = False


async def again(nodes: Nodes, call: Call, node: Node, fault: Exception | None) -> Any:
    """The answer of a call that failed by `fault` on a node, or was not sent since the node is not
    up. Bounded by whoever calls it. Raises ScriptError, LinkFull."""
    pause, hops = PAUSE, 0
    aim = Aim()
    while True:
        if fault is not None:
            aim = _aim(nodes, call, node, fault, asking=aim.asking)
            hops += 1
        if aim.pause or hops > HOPS:
            await asyncio.sleep(pause * random.uniform(0.5, 1))
            pause = min(2 * pause, LONGEST_PAUSE)
        node = aim.node or nodes.owner(call.key)
        if node.link is None:
            nodes.doubt()
            await node.up()
            node = aim.node or nodes.owner(call.key)
        try:
            if aim.asking:
                node.linked().send("ASKING")
            return await call.send(node)
        except (LinkBroken, ReplyError) as error:
            fault = error


def _aim(nodes: Nodes, call: Call, node: Node, fault: Exception, *, asking: bool) -> Aim:
    """What to do about a fault. Raises ScriptError where nothing would help."""
    if not isinstance(fault, ReplyError):
        nodes.doubt()
        return Aim(pause=True)
    match meaning(fault):
        case Meaning.LOAD if call.script is not None:
            with suppress(LinkBroken):  # the next attempt will see that, too
                node.linked().send("SCRIPT", "LOAD", call.script.source)
            return Aim(node=node, asking=asking)
        case Meaning.MOVED:
            to = redirect(str(fault), asked=node.address.host)
            return Aim(node=nodes.moved(to.slot, to.place))
        case Meaning.ASK:
            to = redirect(str(fault), asked=node.address.host)
            return Aim(node=nodes.at(to.place), asking=True)
        case Meaning.FAIL:
            what = call.script.name if call.script else "command"
            raise ScriptError(f"{what}: {fault}") from fault
        case Meaning.ELSEWHERE:
            node.drop(str(fault))
    nodes.doubt()
    return Aim(pause=True)
