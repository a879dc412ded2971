"""uvicorn's HTTP protocol with what it lacks: bounds on a head, and trailers kept apart."""

import asyncio
from typing import ClassVar

from tusline.framing import OrderlyProtocol
from tusline.http.requests import TRAILERS

FRAMING = 8
"""Bytes of chunked framing that a byte of body may bring along; the rest counts as head."""

TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)


class BoundedProtocol(OrderlyProtocol):
    """Closes a connection whose request line and headers (or trailers) are too long, or whose
    request line and headers take longer than `head_seconds` to come.

    What is too long is seen between two readings (of 256 KiB at most): when `head_bytes` have been
    read, and the end is not among them. The reading that has the end is not measured, and the one
    that also ends what came before may not be: so at most `head_bytes` and two readings pass.
    With trailers the chunks' framing counts, where there is more of it than FRAMING allows.

    Trailers have the time of the body that they end: they are no bytes of it, so that whoever
    reads it finds it idle.

    Trailers go into a list of their own, which the application finds under the ASGI extension
    `tusline.trailers`: they must never count as headers (RFC 9110, 6.5.1), and uvicorn would add
    them to the scope's. Each request has its own list, also where several came in one packet; it
    is whole before the application receives the end of the body.
    """

    head_bytes: ClassVar[int]
    head_seconds: ClassVar[float]

    _extra = 0
    _trailers: list[tuple[bytes, bytes]] | None = None
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.deaf:
            return
        self._extra += len(data)
        super().data_received(data)
        if self._extra > self.head_bytes and not self.transport.is_closing():
            self.end_requests(TOO_LARGE if self._head_timer is not None else b"")
        if not self._watched() and not self.transport.is_closing():
            self._expect_head()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._unset_keepalive_if_required()  # `on_message_complete` may have just set it
        self._trailers = None
        if self._head_timer is None:
            self._expect_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._trailers is None:
            super().on_header(name, value)
        else:
            self._trailers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self._cancel_timer()
        self._extra = 0
        self._trailers = []
        self.scope["extensions"] = {TRAILERS: {"headers": self._trailers}}
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._extra = max(0, self._extra - FRAMING * len(body))  # no credit for what is to come
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._extra = 0
        super().on_message_complete()
        if not self.due:  # it was answered before its body was whole; now the connection rests
            self._cancel_timer()
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self.due and self.cycle.more_body and not self.transport.is_closing():
            self._expect_head()  # the rest of a body that nobody wants may take as long as a head

    def _expect_head(self) -> None:
        self._head_timer = self.loop.call_later(self.head_seconds, self._too_slow)

    def _cancel_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _watched(self) -> bool:
        """Whether something bounds how long the connection stays: any byte ends the rest that
        uvicorn allows, but an empty line starts nothing."""
        return bool(self.due or self._head_timer or self.timeout_keep_alive_task)

    def _too_slow(self) -> None:
        if not self.transport.is_closing():
            self.end_requests()


def bounded(*, head_bytes: int, head_seconds: float) -> type[BoundedProtocol]:
    """The protocol with its bounds, as uvicorn wants it: a class."""
    bounds = {"head_bytes": head_bytes, "head_seconds": head_seconds}
    return type("Protocol", (BoundedProtocol,), bounds)
