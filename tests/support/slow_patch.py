"""A PATCH under way on a slow line, and how far each byte of it has got."""

import socket
import threading
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import Self

from support import tus
from support.line import Line

PASSED_SECONDS = 20.0


class SlowPatch:
    """A PATCH of all the rest, up a slow line, in a thread of its own."""

    def __init__(self, line: Line, url: str, offset: int, data: bytes) -> None:
        _, slash, id = url.rpartition("/files/")
        self._line = line
        self._offset = offset
        self._rest = data[offset:]
        self._base = line.up
        self._opening = tus.open_patch(line.url + slash + id, offset, len(self._rest))
        self._head = 0
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        sock = self._opening.__enter__()
        assert self._line.passed(self._base + 1).wait(PASSED_SECONDS)
        self._head = self._line.up - self._base  # the head of the request goes alone
        self._thread = threading.Thread(target=self._send, args=(sock,))
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._line.cut()
        if self._thread is not None:
            self._thread.join()
        self._opening.__exit__(None, None, None)

    def _send(self, sock: socket.socket) -> None:
        with suppress(OSError, HTTPException):  # the server dies under it, as planned
            sock.sendall(self._rest)
            tus.read_answer(sock)

    def wait_for(self, count: int) -> None:
        """Until so many bytes of the body have gone up the line."""
        assert self._line.passed(self._base + self._head + count).wait(PASSED_SECONDS)

    def sent(self) -> int:
        """How far the line got, in bytes from the start of the upload."""
        return self._offset + self._line.up - self._base - self._head

    def delivered(self) -> int:
        """How far the server's kernel got."""
        return self._offset + self._line.delivered() - self._head


def unread(port: int) -> int:
    """Bytes that wait in the kernel for the process that serves a port."""
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    here = f"{port:04X}"
    established = [row for row in rows if row[1].endswith(f":{here}") and row[3] == "01"]
    return sum(int(row[4].partition(":")[2], 16) for row in established)
