"""A request body that a test feeds piece by piece."""

import asyncio
from typing import Any, Self

from tusline.body import Body
from tusline.checksums import Verifier


class Feed:
    """The client's side of one request: `send` bytes, then `end` it or `cut` the line. `checksum`
    is its Upload-Checksum."""

    def __init__(self, checksum: str | None = None) -> None:
        self._queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._checksum = checksum

    def send(self, data: bytes) -> Self:
        self._queue.put_nowait({"type": "http.request", "body": data, "more_body": True})
        return self

    def end(self, data: bytes = b"") -> Self:
        self._queue.put_nowait({"type": "http.request", "body": data, "more_body": False})
        return self

    def cut(self) -> Self:
        self._queue.put_nowait({"type": "http.disconnect"})
        return self

    def body(self, *, idle: float = 20, deadline: float = 25) -> Body:
        body = Body(self._queue.get, idle=idle, deadline=deadline)
        if self._checksum is not None:
            body.verify_with(Verifier.of_header(self._checksum))
        return body
