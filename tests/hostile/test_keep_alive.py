"""The timer of a resting connection: it ends with the rest, and cuts off no later answer."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

from tusline.protocol import bounded

REST = 1
"""Seconds that a connection may rest here."""

PIECES = 15


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answers /early before the body is whole, and anything else for longer than REST."""
    early = scope["path"] == "/early"
    length = 2 if early else PIECES
    headers = [(b"content-length", str(length).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for _ in range(0 if early else PIECES):
        await send({"type": "http.response.body", "body": b"x", "more_body": True})
        await asyncio.sleep(1.5 * REST / PIECES)
    await send({"type": "http.response.body", "body": b"ok" if early else b""})


@asynccontextmanager
async def served() -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    protocol = bounded(head_bytes=65536, head_seconds=5)
    config = uvicorn.Config(
        app, http=protocol, ws="none", lifespan="off", log_config=None, timeout_keep_alive=REST
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(
        lambda: protocol(config=config, server_state=server.server_state, app_state={}),
        "127.0.0.1",
    )
    reader, writer = await asyncio.open_connection(*listening.sockets[0].getsockname())
    try:
        yield reader, writer
    finally:
        writer.close()
        listening.close()


async def test_an_answer_that_lasts_longer_than_a_rest_is_not_cut_off() -> None:
    async with served() as (reader, writer):
        writer.write(b"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n")
        assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
        # The end of the body that nobody waited for, and the next request, in one packet.
        writer.write(b"abcdeGET /long HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        assert await reader.readexactly(PIECES) == b"x" * PIECES
