"""uvicorn's HTTP protocol, made safe against requests that come in a heap or in two readings."""

from collections import deque
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

PIPELINED = 16
"""Requests of a connection that may wait for their answers. uvicorn knows no bound, and a request
of 20 bytes costs it 2 KB until its turn."""


class Ambiguous(Exception):
    """A request that another server might cut at another byte, or take for another host's."""


class OrderlyProtocol(HttpToolsProtocol):
    """A refusal never lands in an answer that is under way: the answers that are due go out, then
    the connection ends. Every request that waits learns that the client has left. What could be
    used to smuggle a request past a proxy is refused (RFC 9112, sections 3.2, 6.1 and 6.3).
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.due: deque[RequestResponseCycle] = deque()
        """The requests whose answers are not complete, oldest first."""
        self.deaf = False
        """Whether what the client sends is dropped: the connection ends with the last answer."""

    def end_requests(self, refusal: bytes = b"") -> None:
        """Take no further request, nor the rest of one whose body has begun.

        `refusal` is an answer for the request being read; it is sent if its turn has come.
        """
        self.deaf = True
        if len(self.due) > 1 and self.due[-1].more_body:
            self.pipeline.popleft()  # it will never be whole, and has not started
            self.due.pop()
        if not self.due or (self.due[-1].more_body and not self.due[-1].response_started):
            self.transport.write(refusal)
            self.transport.close()
        else:
            self.due[-1].keep_alive = False

    def send_400_response(self, msg: str) -> None:
        self.end_requests(_bad_request(msg.encode()))

    def _unsupported_upgrade_warning(self) -> None:
        """The parser drops what follows a request to upgrade, so nothing may follow."""
        self.end_requests()

    # --- what uvicorn and the parser call ----------------------------------------------------

    def connection_lost(self, exc: Exception | None) -> None:
        for cycle in self.due:
            cycle.disconnected = True
            cycle.message_event.set()
        self.due.clear()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self.deaf:
            super().data_received(data)

    def on_message_begin(self) -> None:
        if len(self.due) >= PIPELINED:
            raise Ambiguous("too many requests at once")
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._check_framing()
        super().on_headers_complete()
        self.due.append(self.cycle)

    def on_response_complete(self) -> None:
        if self.due:
            self.due.popleft()
        super().on_response_complete()

    def _check_framing(self) -> None:
        """Raises Ambiguous; the parser makes it a 400. Content-Length it has checked itself."""
        codings = [value for name, value in self.headers if name == b"transfer-encoding"]
        if codings and b",".join(codings).strip().lower() != b"chunked":
            raise Ambiguous("the only Transfer-Encoding is chunked, once")
        hosts = sum(name == b"host" for name, _ in self.headers)
        if hosts > 1 or (hosts == 0 and self.parser.get_http_version() == "1.1"):
            raise Ambiguous("one Host is needed")


def _bad_request(text: bytes) -> bytes:
    return (
        b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\n"
        b"content-length: %d\r\nconnection: close\r\n\r\n%b" % (len(text), text)
    )
