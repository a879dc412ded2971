"""A tus server that answers by a script, for what a real one should never say.

It stores in memory and follows the protocol, except where a test has put an answer in its way.
"""

import sys
import threading
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

HANG_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """An answer instead of the protocol's. `keep` bytes of a PATCH are stored, the
    rest is read and dropped; `status` None closes the connection without a word."""

    status: int | None
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    keep: int = 0


class ScriptedServer:
    """`script[method]` holds the next answers to that method, in order; then the protocol rules.

    `requests` lists (method, path, offset) of all requests but GET, `bytes_by_id` what is stored.
    """

    def __init__(self) -> None:
        self.script: defaultdict[str, deque[Say]] = defaultdict(deque)
        self.requests: list[tuple[str, str, int | None]] = []
        self.headers: list[Mapping[str, str]] = []
        self.bytes_by_id: dict[str, bytearray] = {}
        self.lengths: dict[str, int] = {}
        self.connections = 0
        handler = type("Handler", (_Handler,), {"scripted": self})
        self._http = _Http(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    @property
    def port(self) -> int:
        return int(self._http.server_address[1])

    @property
    def files(self) -> str:
        return f"http://127.0.0.1:{self.port}/files"

    def methods(self) -> list[str]:
        """The methods asked for, in order."""
        return [method for method, _, _ in self.requests]


class _Http(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that breaks the connection is no error here; all else is."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    scripted: ScriptedServer
    protocol_version = "HTTP/1.1"
    timeout = HANG_SECONDS

    def setup(self) -> None:
        super().setup()
        self.scripted.connections += 1

    def do_POST(self) -> None:
        if not self._scripted():
            id = f"id{len(self.scripted.bytes_by_id)}"
            self.scripted.bytes_by_id[id] = bytearray()
            self.scripted.lengths[id] = int(self.headers["Upload-Length"])
            self._answer(201, {"Location": f"http://{self.headers['Host']}/files/{id}"})

    def do_HEAD(self) -> None:
        if not self._scripted():
            stored = self.scripted.bytes_by_id.get(self._id)
            offset = {} if stored is None else {"Upload-Offset": str(len(stored))}
            self._answer(404 if stored is None else 200, offset)

    def do_PATCH(self) -> None:
        if self._scripted():
            return
        stored = self.scripted.bytes_by_id.get(self._id)
        if stored is None or len(stored) != int(self.headers["Upload-Offset"]):
            self.close_connection = True
            self._answer(404 if stored is None else 409, {})
            return
        stored += self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(204, {"Upload-Offset": str(len(stored))})

    def do_GET(self) -> None:
        if not self._scripted():
            self._answer(404, {})

    @property
    def _id(self) -> str:
        return self.path.rpartition("/")[2]

    def _scripted(self) -> bool:
        """Answer by the script if it has something for this method."""
        offset = self.headers["Upload-Offset"]
        self.scripted.headers.append({k.lower(): v for k, v in self.headers.items()})
        if self.command != "GET":
            self.scripted.requests.append(
                (self.command, self.path, None if offset is None else int(offset))
            )
        if not self.scripted.script[self.command]:
            return False
        say = self.scripted.script[self.command].popleft()
        if say.keep:
            self.scripted.bytes_by_id[self._id] += self.rfile.read(say.keep)
        self.close_connection = True
        if say.status is not None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)) - say.keep)
            self._answer(say.status, say.headers, say.body.encode())
        return True

    def _answer(self, status: int, headers: Mapping[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "text/plain", **headers}.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a test says what it expects."""
