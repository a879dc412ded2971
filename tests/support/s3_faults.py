"""What can go wrong between a server and its bucket, one request at a time."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from dataclasses import dataclass

from support.s3_exchange import Exchange
from support.s3_messages import Call

ERROR = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{0}</Code><Message>{0}</Message></Error>'
)

EVER = 10**9
"""So many times is for good."""

Fault = Callable[[Exchange], Awaitable[None]]


@dataclass(slots=True, kw_only=True)
class Rule:
    """For which requests a fault is played: those of an operation (in S3's words) with `key` in
    their key, not the first `skip` of them, and then so many `times`. `hits`: how often it was."""

    fault: Fault
    operation: str
    key: str = ""
    skip: int = 0
    times: int = 1
    hits: int = 0

    def take(self, operation: str, key: str) -> bool:
        """Whether the fault is to be played for this request, which counts then."""
        if operation != self.operation or self.key not in key or self.hits >= self.times:
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.hits += 1
        return True


async def no_fault(exchange: Exchange) -> None:
    await exchange.ask()
    await exchange.give()


def refuse(status: int, code: str) -> Fault:
    """An error in place of the effect: 500 InternalError, 503 SlowDown, 200 InternalError (as S3
    does when a copy or the end of a multipart upload has failed)."""
    return answer_instead(status, ERROR.format(code))


def answer_instead(status: int, body: str) -> Fault:
    """Any answer in place of the effect."""

    async def play(exchange: Exchange) -> None:
        await exchange.take()
        await exchange.answer(status, body.encode())

    return play


def refuse_after_effect(status: int, code: str) -> Fault:
    """The effect, and an error for an answer."""

    async def play(exchange: Exchange) -> None:
        await exchange.ask()
        await exchange.answer(status, ERROR.format(code).encode())

    return play


async def lose_answer(exchange: Exchange) -> None:
    """The effect, and then the connection breaks."""
    await exchange.ask()
    exchange.reset()


def cut_body(after: int) -> Fault:
    """The connection breaks when so many bytes of the request's body have come; the store sees
    nothing of it."""

    async def play(exchange: Exchange) -> None:
        await exchange.take(after)
        exchange.reset()

    return play


def cut_answer(after: int) -> Fault:
    """The connection breaks when so many bytes of the answer's body have gone."""

    async def play(exchange: Exchange) -> None:
        await exchange.ask()
        await exchange.give(after)
        await asyncio.sleep(0)
        exchange.reset()

    return play


class Hold:
    """A fault that holds one request, whole, until it is let go; then it has its effect, whether
    somebody still waits for the answer or not: how the part of a frozen writer comes late. `peer`
    is the port of who sent it."""

    def __init__(self) -> None:
        self.arrived = threading.Event()
        self.done = threading.Event()
        self.call: Call | None = None
        self.peer = 0
        self._go: Future[None] = Future()

    def release(self) -> None:
        self._go.set_result(None)

    async def __call__(self, exchange: Exchange) -> None:
        await exchange.take()
        self.call, self.peer = exchange.call, exchange.peer
        self.arrived.set()
        await asyncio.wrap_future(self._go)
        await exchange.ask()
        self.done.set()
        await exchange.give()
