"""A bad network on one machine: a TCP proxy that can be slow, stall, break and refuse.

It runs in a thread of its own, so tests (sync and async) and the demo steer it by plain calls.
Kernel buffers are kept small on its sockets, so that a slow line pushes back on the sender.
"""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar

from support.tape import Tape

HOST = "127.0.0.1"
KERNEL_BUFFER = 16 * 1024
"""Bytes of SO_RCVBUF and SO_SNDBUF on the line's sockets (the kernel doubles them)."""

PIECE_SECONDS = 0.05
"""How much of a second's budget one piece may use: small, so that the flow is even."""

PIECE_MIN, PIECE_MAX = 512, 16 * 1024
CALL_TIMEOUT = 10.0
"""Seconds that a call into the line's thread may take."""

SEGMENT = 1448
"""Bytes of a TCP segment, as on Ethernet. Loopback's 64 KiB would let the sender's kernel take
megabytes that are not on the line yet."""

CATCH_UP_SECONDS = 0.05
"""How far behind its rate the line may catch up: sleeps last longer than asked for."""

BYTES_ACKED = 120
"""Where Linux keeps `tcpi_bytes_acked` in its `struct tcp_info`."""

RESET_ON_CLOSE = struct.pack("ii", 1, 0)


P = ParamSpec("P")
T = TypeVar("T")


class Line:
    """A line from `port` (its own) to the server on `to`. Rates are bytes a second, upwards; a
    `tape` keeps what passes."""

    def __init__(self, to: int, *, rate: float | None = None, tape: Tape | None = None) -> None:
        self.to = to
        self._tape = tape
        self.up = 0
        self.down = 0
        self.connections = 0
        self._rate = rate
        self._clear_at = 0.0
        self._flip_at: int | None = None
        self._marks: list[tuple[int, threading.Event]] = []
        self._loop = asyncio.new_event_loop()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._carrying: dict[asyncio.Task[None], _Pair] = {}
        self._listener = _listen(0)
        self.port: int = self._listener.getsockname()[1]
        self._server: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, name="line", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._call(self._open)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._call(self._close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(CALL_TIMEOUT)
        self._loop.close()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    # --- what may happen to a line ---------------------------------------------------------------

    def cut(self) -> int:
        """Break every connection with a reset, on both sides, and say how many there were.
        New ones are taken at once."""
        return self._call(self._cut)

    def stall(self) -> None:
        """Pass nothing on in either direction; connections stay open (a dead spot)."""
        self._call(self._stall)

    def go(self) -> None:
        """Pass bytes on again."""
        self._call(self._go)

    def refuse(self) -> None:
        """Refuse new connections; those there are stay."""
        self._call(self._refuse)

    def accept(self) -> None:
        """Take new connections again, on the same port."""
        self._call(self._open)

    def rate(self, bytes_per_second: float | None) -> None:
        """Change the bandwidth of all connections together; None lifts the limit."""
        self._rate = bytes_per_second

    def flip(self, at: int) -> None:
        """Flip one bit of the byte that goes up the line as number `at`, counted as in `up`."""
        self._flip_at = at

    def lead(self, to: int) -> None:
        """Lead new connections to another port."""
        self.to = to

    def delivered(self) -> int:
        """Bytes of the present connections that the server's kernel has taken."""
        return self._call(self._delivered)

    def passed(self, up: int) -> threading.Event:
        """An event that is set when `up` bytes in all have gone up the line."""
        event = threading.Event()
        self._call(self._mark, up, event)
        return event

    # --- in the line's thread --------------------------------------------------------------------

    def _call(
        self, work: Callable[P, Coroutine[Any, Any, T]], *args: P.args, **named: P.kwargs
    ) -> T:
        future = asyncio.run_coroutine_threadsafe(work(*args, **named), self._loop)
        return future.result(CALL_TIMEOUT)

    async def _open(self) -> None:
        if self._server is None:
            if self._listener.fileno() == -1:
                self._listener = _listen(self.port)
            self._server = asyncio.create_task(self._serve(self._listener))

    async def _refuse(self) -> None:
        if self._server is not None:
            self._server.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._server
            self._server = None
            self._listener.close()

    async def _close(self) -> None:
        await self._refuse()
        await self._cut()
        for _, event in self._marks:
            event.set()

    async def _stall(self) -> None:
        self._flowing.clear()

    async def _go(self) -> None:
        self._flowing.set()

    async def _delivered(self) -> int:
        return sum(pair.delivered() for pair in self._carrying.values())

    async def _mark(self, up: int, event: threading.Event) -> None:
        self._marks.append((up, event))
        self._tell()

    async def _cut(self) -> int:
        carrying = dict(self._carrying)
        for task, pair in carrying.items():
            pair.reset()
            task.cancel()
        await asyncio.gather(*carrying, return_exceptions=True)
        return len(carrying)

    async def _serve(self, listener: socket.socket) -> None:
        while True:
            client = await self._accepted(listener)
            pair = _Pair(client, _plain_socket())
            self.connections += 1
            task = asyncio.create_task(self._carry(pair))
            self._carrying[task] = pair
            task.add_done_callback(self._carried)

    async def _accepted(self, listener: socket.socket) -> socket.socket:
        """The next client; one that comes in the moment of a cancellation is closed."""
        accepting = asyncio.ensure_future(self._loop.sock_accept(listener))
        try:
            return (await asyncio.shield(accepting))[0]
        except asyncio.CancelledError:
            if not accepting.cancel() and accepting.exception() is None:
                accepting.result()[0].close()
            raise

    def _carried(self, task: asyncio.Task[None]) -> None:
        self._carrying.pop(task).close()  # not in the task, which may be cancelled at birth

    async def _carry(self, pair: "_Pair") -> None:
        try:
            pair.client.setblocking(False)
            await self._flowing.wait()
            await self._loop.sock_connect(pair.server, (HOST, self.to))
            async with asyncio.TaskGroup() as ways:
                ways.create_task(self._pass_up(pair))
                ways.create_task(self._pass_down(pair))
        except* OSError:
            pair.reset()  # one side broke, or the server is not there: the other side learns of it

    async def _pass_up(self, pair: "_Pair") -> None:
        while data := await self._loop.sock_recv(pair.client, self._piece()):
            await self._pace(len(data))
            await self._flowing.wait()
            await self._loop.sock_sendall(pair.server, self._flipped(data))
            self.up += len(data)
            if self._tape is not None:
                self._tape.up += data
            self._tell()
        pair.server.shutdown(socket.SHUT_WR)

    async def _pass_down(self, pair: "_Pair") -> None:
        while data := await self._loop.sock_recv(pair.server, PIECE_MAX):
            await self._flowing.wait()
            if self._tape is not None:
                self._tape.came(data)
            await self._loop.sock_sendall(pair.client, data)
            self.down += len(data)
        pair.client.shutdown(socket.SHUT_WR)

    def _flipped(self, data: bytes) -> bytes:
        at = -1 if self._flip_at is None else self._flip_at - self.up
        if not 0 <= at < len(data):
            return data
        self._flip_at = None
        return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]

    def _piece(self) -> int:
        if self._rate is None:
            return PIECE_MAX
        return int(min(PIECE_MAX, max(PIECE_MIN, self._rate * PIECE_SECONDS)))

    async def _pace(self, size: int) -> None:
        """Wait for the piece's turn: one budget for all connections together."""
        if self._rate is not None:
            now = self._loop.time()
            self._clear_at = max(now - CATCH_UP_SECONDS, self._clear_at) + size / self._rate
            await asyncio.sleep(max(0, self._clear_at - now))

    def _tell(self) -> None:
        for mark in tuple(self._marks):
            if self.up >= mark[0]:
                self._marks.remove(mark)
                mark[1].set()


class _Pair:
    """The two sockets of one connection through the line."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.client = client
        self.server = server

    def reset(self) -> None:
        for side in (self.client, self.server):
            with contextlib.suppress(OSError):
                side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)

    def delivered(self) -> int:
        info = self.server.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, BYTES_ACKED + 8)
        acknowledged: int = struct.unpack_from("Q", info, BYTES_ACKED)[0]
        return max(0, acknowledged - 1)  # the first one stands for the connection itself

    def close(self) -> None:
        self.client.close()
        self.server.close()


def _plain_socket() -> socket.socket:
    sock = socket.socket()
    sock.setblocking(False)
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):  # before connect or listen: inherited
        sock.setsockopt(socket.SOL_SOCKET, option, KERNEL_BUFFER)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT)
    return sock


def _listen(port: int) -> socket.socket:
    sock = _plain_socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((HOST, port))
    sock.listen(128)
    return sock
