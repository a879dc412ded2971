"""Uploads whose bytes keep coming while a server stops."""

import json
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack

from support import tus

LENGTH = 8_000_000
PIECE = b"0123456789abcdef" * 512
PROGRESS_SECONDS = 20.0


class Moving:
    """One PATCH whose body keeps coming, until the server ends it; `ahead` bytes of it as fast as
    they can. `seeks`: as a client that goes on from a short success."""

    def __init__(
        self, files: str, stack: ExitStack, *, seeks: bool, length: int = LENGTH, ahead: int = 0
    ) -> None:
        self.url = tus.created(files, length)
        headers = tus.AS_TUSPY if seeks else {}
        self._sock = stack.enter_context(tus.open_patch(self.url, 0, length, headers=headers))
        self._ahead = ahead // len(PIECE)
        self.seeks = seeks
        self.answer: tus.Answer | None = None
        self._stop = threading.Event()
        self._sending = threading.Thread(target=self._send)
        self._reading = threading.Thread(target=self._read)
        self._sending.start()
        self._reading.start()

    def _send(self) -> None:
        try:
            self._sock.sendall(self._ahead * PIECE)
            while not self._stop.wait(0.02):
                self._sock.sendall(PIECE)
        except OSError:
            return

    def _read(self) -> None:
        self.answer = tus.read_answer(self._sock)
        self._stop.set()

    def join(self) -> tus.Answer:
        self._reading.join(tus.TIMEOUT)
        self._sending.join(tus.TIMEOUT)
        assert self.answer is not None, "the client was not answered"
        return self.answer


def until(met: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PROGRESS_SECONDS
    while not met():
        assert time.monotonic() < give_up
        time.sleep(0.05)


def bytes_read(log: str) -> dict[str, int]:
    """What the application took of each upload, by its own log."""
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    return {line["upload_id"]: line["took"] for line in lines if line["event"] == "upload.append"}
