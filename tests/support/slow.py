"""Clients that hold connections for as long as they can, with as little as they can."""

import asyncio
import socket
import threading
from collections import Counter
from types import TracebackType
from typing import Self

from support import tus
from support.servers import Server

KINDS = ("half a head", "a byte of a body each second", "an answer that is not read")
PERIOD = 1.0
"""Seconds between two bytes."""

WINDOW = 4096
"""Bytes of the receive buffer of a client that does not read."""

START_SECONDS = 60.0
BIG = b"x" * 9_000_000


class Slow:
    """`count` slow connections, in a thread of their own, from entering to leaving."""

    def __init__(self, server: Server, count: int) -> None:
        self._server = server
        self._count = count
        self._alive: Counter[str] = Counter()
        self._ready = threading.Event()
        self._over = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="slow clients")

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(START_SECONDS):
            raise AssertionError(f"not all are connected: {self._alive}")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()
        self._loop.close()

    def counts(self) -> dict[str, int]:
        """How many of each kind the server still holds."""
        return dict(self._alive)

    def _run(self) -> None:
        self._loop.run_until_complete(self._all())

    async def _all(self) -> None:
        big = await asyncio.to_thread(tus.upload, self._server.files, BIG)
        async with asyncio.TaskGroup() as group:
            for number in range(self._count):
                kind = KINDS[number % len(KINDS)]
                group.create_task(self._hold(kind, await self._begin(kind, big)))
            self._ready.set()

    async def _begin(self, kind: str, big: str) -> socket.socket:
        """A connection of this kind with its first bytes sent."""
        sock = socket.socket()
        if kind == KINDS[2]:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW)
        sock.setblocking(False)
        await self._loop.sock_connect(sock, ("127.0.0.1", self._server.port))
        if kind == KINDS[0]:
            first = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: "
        elif kind == KINDS[1]:
            url = await asyncio.to_thread(tus.created, self._server.files, 1000)
            first = (
                f"PATCH {_path(url)} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\n"
                f"Content-Type: {tus.OFFSET_STREAM}\r\nUpload-Offset: 0\r\n"
                "Content-Length: 1000\r\n\r\n"
            ).encode()
        else:
            first = f"GET {_path(big)} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        await self._loop.sock_sendall(sock, first)
        self._alive[kind] += 1
        return sock

    async def _hold(self, kind: str, sock: socket.socket) -> None:
        """A byte each second, or nothing at all, until it is over or the server has enough."""
        try:
            while not self._over.is_set():
                if kind != KINDS[2]:
                    await self._loop.sock_sendall(sock, b"x")
                try:
                    async with asyncio.timeout(PERIOD):
                        await self._over.wait()
                except TimeoutError:
                    continue
        except ConnectionError:
            self._alive[kind] -= 1
        finally:
            sock.close()


def _path(url: str) -> str:
    return "/files/" + url.rpartition("/")[2]
