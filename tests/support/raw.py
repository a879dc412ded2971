"""Requests whose body is the caller's to send, or not: for answers that come before it."""

import contextlib
import socket
from collections.abc import Generator, Mapping
from urllib.parse import urlsplit

from support.tus import TIMEOUT


@contextlib.contextmanager
def open_request(method: str, url: str, headers: Mapping[str, str]) -> Generator[socket.socket]:
    """A request of which the headers are sent, those given and Host; it ends with the block."""
    parts = urlsplit(url)
    text = f"{method} {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
    text += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    address = (parts.hostname or "", parts.port or 80)
    with socket.create_connection(address, timeout=TIMEOUT) as sock:
        sock.sendall(text.encode("latin-1") + b"\r\n")
        yield sock


def first_line(sock: socket.socket) -> bytes:
    """What the server says first, be it an interim answer; nothing is taken away."""
    return sock.recv(64, socket.MSG_PEEK).partition(b"\r\n")[0]
