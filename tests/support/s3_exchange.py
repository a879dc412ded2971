"""One request and its answer, between a client and an S3 server."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

from support.s3_messages import NO_BODY, Head, body, call_of, read_head

HOST = "127.0.0.1"
BUFFER = 1024 * 1024
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

Pass = Callable[[AsyncIterator[bytes]], AsyncIterator[bytes]]
"""How fast bytes of a body go by."""


class StoreConnection:
    """A connection to the server, made when it is needed."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._pair: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._pair is None or self._pair[0].at_eof():
            self.close()
            self._pair = await asyncio.open_connection(HOST, self._port, limit=BUFFER)
        return self._pair

    def close(self) -> None:
        if self._pair is not None:
            self._pair[1].close()
            self._pair = None


class Exchange:
    """What faults are made of. The request's body is streamed, unless a fault takes it first."""

    def __init__(
        self,
        head: Head,
        client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        store: StoreConnection,
        go_by: Pass,
    ) -> None:
        self.call = call_of(head)
        self.lasts = head.lasts
        self._head = head
        self._writer = client[1]
        self._store = store
        self._go_by = go_by
        self._taken: list[bytes] = []
        self._rest = go_by(self._body(client[0]))
        self._answer: Head | None = None

    @property
    def peer(self) -> int:
        """The port from which the request came."""
        port: int = self._writer.get_extra_info("peername")[1]
        return port

    async def take(self, most: int | None = None) -> None:
        """Read the request's body, up to so many bytes or a few more, and keep it."""
        while most is None or self.call.sent < most:
            block = await anext(self._rest, None)
            if block is None:
                return
            self._taken.append(block)

    async def ask(self) -> None:
        """Pass the request on, what was taken of it first; the answer waits to be given."""
        reader, writer = await self._store.open()
        await _send(writer, _without_expect(self._head.raw) + b"".join(self._taken))
        async for block in self._rest:
            await _send(writer, block)
        self._answer = await read_head(reader)
        if self._answer is None:
            raise ConnectionResetError("the store did not answer")

    async def give(self, most: int | None = None) -> None:
        """Pass the store's answer on, up to so many bytes of its body."""
        assert self._answer is not None
        reader, _ = await self._store.open()
        self.call.status = self._answer.status
        await _send(self._writer, self._answer.raw)
        async for block in self._go_by(self._body_of_answer(reader)):
            shown = block if most is None else block[: most - self.call.received]
            self.call.received += len(shown)
            await _send(self._writer, shown)
            if most is not None and self.call.received >= most:
                break
        if not self._answer.lasts or most is not None:
            self._store.close()
            self.lasts = False

    async def answer(self, status: int, body: bytes) -> None:
        """Answer in the store's place."""
        self._store.close()  # whose own answer is not read, if it was asked
        self.call.status = status
        head = f"HTTP/1.1 {status} Played\r\nContent-Type: application/xml\r\n"
        length = f"Content-Length: {len(body)}\r\n\r\n"
        shown = b"" if self._head.first[0] == "HEAD" else body
        await _send(self._writer, (head + length).encode() + shown)

    def reset(self) -> None:
        """Break the connections to both."""
        self._writer.transport.abort()
        self._store.close()
        self.lasts = False

    async def _body(self, reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
        if "expect" in self._head.headers:
            await _send(self._writer, CONTINUE)
        async for block in body(reader, self._head):
            self.call.sent += len(block)
            yield block

    async def _body_of_answer(self, reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
        assert self._answer is not None
        if self._head.first[0] != "HEAD" and self._answer.status not in NO_BODY:
            async for block in body(reader, self._answer, to_the_end=True):
                yield block


async def _send(writer: asyncio.StreamWriter, data: bytes) -> None:
    """Who has gone will not see the rest; what it does not say shows when it is read from."""
    with suppress(ConnectionError):
        writer.write(data)
        await writer.drain()


def _without_expect(raw: bytes) -> bytes:
    """The proxy has said `100 Continue` itself."""
    lines = raw.split(b"\r\n")
    return b"\r\n".join(line for line in lines if not line.lower().startswith(b"expect:"))
