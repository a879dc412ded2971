"""Raw bytes to a server and back, and a reader of answers that forgives nothing."""

import re
import socket
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

TIMEOUT = 10.0
"""Seconds that a connection may be silent before the test gives up."""

STATUS = re.compile(rb"HTTP/1\.1 ([1-5]\d\d) [\x20-\x7e]*\r\n")
FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)\r\n")
CHUNK = re.compile(rb"([0-9a-fA-F]{1,16})\r\n")
BODILESS = frozenset({100, 204, 304})


class Malformed(Exception):
    """What came is not HTTP."""


class Unfinished(Exception):
    """The bytes end within an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


@contextmanager
def connected(port: int) -> Generator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT) as sock:
        yield sock


def exchange(port: int, *sent: bytes) -> bytes:
    """Everything that comes until the server closes; TimeoutError when it does not."""
    with connected(port) as sock:
        with suppress(ConnectionError):
            for piece in sent:
                sock.sendall(piece)
        return until_closed(sock)


def until_closed(sock: socket.socket) -> bytes:
    data = b""
    with suppress(ConnectionError):
        while piece := sock.recv(65536):
            data += piece
    return data


def answers(data: bytes, *, to_head: bool = False) -> list[Answer]:
    """All the answers in `data`, which must be whole. `to_head`: whether some of them may answer
    HEAD, and so announce a body that does not come. Raises Malformed, Unfinished."""
    found, at = [], 0
    while at < len(data):
        answer, at = _answer(data, at, to_head)
        found.append(answer)
    return found


def _answer(data: bytes, at: int, to_head: bool) -> tuple[Answer, int]:
    status = _match(STATUS, data, at)
    at = status.end()
    headers: dict[str, str] = {}
    while not data.startswith(b"\r\n", at):
        field = _match(FIELD, data, at)
        name, value, at = field[1].decode().lower(), field[2].decode("latin-1"), field.end()
        if name in headers:
            raise Malformed(f"{name} comes twice")
        headers[name] = value
    code, at = int(status[1]), at + 2
    bodiless = code in BODILESS or (to_head and data[at : at + 7] in (b"", b"HTTP/1."))
    body, at = (b"", at) if bodiless else _body(data, at, headers)
    return Answer(status=code, headers=headers, body=body), at


def _body(data: bytes, at: int, headers: dict[str, str]) -> tuple[bytes, int]:
    length, coding = headers.get("content-length"), headers.get("transfer-encoding")
    if (length is None) == (coding is None) or coding not in (None, "chunked"):
        raise Malformed(f"Content-Length {length}, Transfer-Encoding {coding}")
    if length is not None:
        stop = at + int(length)
        if stop > len(data):
            raise Unfinished(f"{len(data) - at} bytes of {length}")
        return data[at:stop], stop
    body = b""
    while True:
        size = _match(CHUNK, data, at)
        at, stop = size.end(), size.end() + int(size[1], 16)
        if not data.startswith(b"\r\n", stop):
            raise Unfinished("within a chunk") if stop + 2 > len(data) else Malformed("no chunk")
        if stop == at:
            return body, stop + 2
        body, at = body + data[at:stop], stop + 2


def _match(pattern: re.Pattern[bytes], data: bytes, at: int) -> re.Match[bytes]:
    match = pattern.match(data, at)
    if match is not None:
        return match
    if b"\r\n" not in data[at:]:
        raise Unfinished(f"{data[at:][:80]!r}")
    raise Malformed(f"{data[at:][:80]!r}")
