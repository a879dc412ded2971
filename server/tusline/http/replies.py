"""Answers as values, and one way to send them."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field

from tusline.body import Body
from tusline.errors import OffsetMismatch, TuslineError
from tusline.headers import http_date
from tusline.http.requests import Send

ERROR_BYTES = 256
"""Error texts are padded to this: a known client fails on bodies of 1 to 255 bytes."""


@dataclass(slots=True, kw_only=True)
class Reply:
    """`stream` is a long body, whose Content-Length stands in the headers, instead of `body`.

    `close`: end the connection after the answer. `linger`: before that, take and drop body bytes
    for a moment, so that a client that still sends can read the answer.
    """

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    stream: AsyncIterator[bytes] | None = None
    close: bool = False
    linger: bool = False
    code: str = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Linger:
    """Bounds of lingering: seconds, and bytes dropped at most."""

    seconds: float
    most: int


def error_reply(error: TuslineError) -> Reply:
    reply = text_reply(error.status, error.code, error.message)
    if error.retry_after is not None:
        reply.headers["Retry-After"] = str(error.retry_after)
    if error.expires is not None:
        reply.headers["Upload-Expires"] = http_date(error.expires)
    if isinstance(error, OffsetMismatch):
        reply.headers["Upload-Offset"] = str(error.offset)
    return reply


def text_reply(status: int, code: str, message: str) -> Reply:
    """`code: message` as text, padded (see ERROR_BYTES)."""
    return Reply(
        status=status,
        headers={"Content-Type": "text/plain; charset=utf-8"},
        body=f"{code}: {message}\n".encode().ljust(ERROR_BYTES),
        code=code,
    )


async def send_reply(reply: Reply, send: Send, body: Body | None, linger: Linger) -> None:
    """Send an answer; a lingering one goes out whole before the bytes are dropped: a client whose
    connection breaks between headers and body may wait for the rest for ever."""
    headers = [*reply.headers.items()]
    if reply.status not in (204, 304):
        headers.append(("Content-Length", str(len(reply.body))))
    if reply.close:
        headers.append(("Connection", "close"))
    await send({"type": "http.response.start", "status": reply.status, "headers": _raw(headers)})
    lingers = reply.linger and body is not None
    await send({"type": "http.response.body", "body": reply.body, "more_body": lingers})
    if body is not None and lingers:
        try:
            await body.drain(seconds=linger.seconds, most=linger.most)
        except asyncio.CancelledError:
            uncancel()  # a stop has no more time for it, and the client has its answer
        await send({"type": "http.response.body", "body": b""})


def uncancel() -> None:
    """Go on after a cancellation, to an end of one's own."""
    task = asyncio.current_task()
    if task is not None:
        task.uncancel()


def _raw(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
