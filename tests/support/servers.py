"""The real server as a process of its own, to be killed and started again."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue

HOST = "127.0.0.1"
READY = re.compile(r"tusline is ready at (\S+)")
START_SECONDS = 30.0
STOP_SECONDS = 20.0
LAST_WORDS = 0.5
"""Seconds in which a server that does not come up may say why."""
LOG_LINES = 2000
PROBE = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

TESTS = Path(__file__).parents[1]
TUSLINE_SERVE = (sys.executable, "-m", "tusline", "serve")

FOREIGN = ("TUSLINE_", "REDIS_URL", "WEB_CONCURRENCY", "PORT")
"""Variables of the surrounding shell that must not reach a server under test."""


class ServerFailed(Exception):
    """The server did not start or stop in time; the message holds its log."""


class Server:
    """`tusline serve` on one port and one folder, through any number of lives."""

    def __init__(
        self, data: Path, *, program: Sequence[str] = TUSLINE_SERVE, **settings: object
    ) -> None:
        """`settings` are fields of Settings, e.g. `request_deadline=2`; `program` is another
        that takes the same options and says when it is ready."""
        self.data = data
        self._program = program
        self.port = free_port()
        self.lives = 0
        self._settings = {f"TUSLINE_{name.upper()}": str(v) for name, v in settings.items()}
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._lines: deque[str] = deque(maxlen=LOG_LINES)

    @property
    def url(self) -> str:
        """The server's root, without a slash at the end."""
        return f"http://{HOST}:{self.port}"

    @property
    def files(self) -> str:
        """Where uploads are created."""
        return f"{self.url}/files"

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        return self._running().pid

    @property
    def log(self) -> str:
        """The last lines of all its lives, standard output and error together."""
        return "\n".join(self._lines)

    def start(self, **settings: object) -> None:
        """Start it and wait until it answers. `settings` go on top of those given before. Raises
        ServerFailed."""
        if self._process is not None:
            raise ServerFailed("the server runs already")
        self._settings |= {f"TUSLINE_{name.upper()}": str(v) for name, v in settings.items()}
        self.lives += 1
        self._lines.append(f"--- life {self.lives} ---")
        self._process = process = subprocess.Popen(
            [*self._program, "--host", HOST, "--port", str(self.port), "--data", str(self.data)],
            env=environment() | self._settings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        ready: SimpleQueue[bool] = SimpleQueue()
        self._reader = threading.Thread(
            target=self._read, args=(process, ready), name="server log", daemon=True
        )
        self._reader.start()
        failure = self._failure(ready)
        if failure or process.poll() is not None:
            with suppress(subprocess.TimeoutExpired):
                process.wait(LAST_WORDS)
            self.kill()
            why = failure or "the server died once it had answered"
            raise ServerFailed(f"{why} (exit code {process.returncode}):\n{self.log}")

    def _failure(self, ready: SimpleQueue[bool]) -> str:
        """Why a life has not begun; "" when it has. Who says that it is ready has the port, so that
        no other process can be the one that answers."""
        try:
            if not ready.get(timeout=START_SECONDS):
                return f"the server ended without being ready at {self.url}"
        except Empty:
            return f"the server was not ready at {self.url} in {START_SECONDS} s"
        return "" if answers(self.port) else "the server said that it is ready, and did not answer"

    def kill(self) -> None:
        """SIGKILL to the server and all its children, as the machine's out-of-memory killer."""
        process = self._running()
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        self._gone(process)

    def wait_for_death(self) -> None:
        """Until it dies by itself. Raises ServerFailed when it goes on living."""
        process = self._running()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            raise ServerFailed(f"the server did not die:\n{self.log}") from None
        self.kill()  # its children, too

    def terminate(self, how: signal.Signals = signal.SIGTERM) -> int:
        """SIGTERM to the server, as a deploy does (or another signal). Returns the exit code."""
        process = self._running()
        process.send_signal(how)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ServerFailed(
                f"the server did not stop in {STOP_SECONDS} s:\n{self.log}"
            ) from None
        with suppress(ProcessLookupError):  # children that outlived it would keep the log open
            os.killpg(process.pid, signal.SIGKILL)
        self._gone(process)
        return process.returncode

    def restart(self, **settings: object) -> None:
        """Kill it if it runs, and start it again on the same port and folder."""
        if self._process is not None:
            self.kill()
        self.start(**settings)

    def close(self) -> None:
        """Stop it however it stands; for the end of a test."""
        if self._process is not None:
            self.kill()

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            raise ServerFailed("the server does not run")
        return self._process

    def _gone(self, process: subprocess.Popen[str]) -> None:
        process.wait(STOP_SECONDS)
        if self._reader is not None:
            self._reader.join(STOP_SECONDS)
        if process.stdout is not None:
            process.stdout.close()
        self._process = None

    def _read(self, process: subprocess.Popen[str], ready: SimpleQueue[bool]) -> None:
        """Into the log; tell whether it is ready, or will never be, since its output has ended."""
        for line in process.stdout or ():
            self._lines.append(line.rstrip())
            said = READY.search(line)
            if said is not None and said[1] == self.url:
                ready.put(True)
        ready.put(False)


@contextmanager
def running_server(
    tmp_path: Path, *, program: Sequence[str] = TUSLINE_SERVE, **settings: object
) -> Generator[Server]:
    """A started server with its data in `tmp_path/data`; a failing test prints its log."""
    server = Server(tmp_path / "data", program=program, **settings)
    server.start()
    try:
        yield server
    except BaseException as error:
        error.add_note(f"log of the server:\n{server.log}")
        raise
    finally:
        server.close()


def broken_server(module: str, switch: Path) -> tuple[str, ...]:
    """The program of a server that a module of this folder breaks, as the file `switch` says."""
    return (*python(), "-m", f"{__package__}.{module}", str(switch), "serve")


def python() -> tuple[str, ...]:
    """This Python, for a process that uses modules of the tests."""
    places = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
    return ("env", f"PYTHONPATH={places}", sys.executable)


def answers(port: int) -> bool:
    """Whether HTTP is answered there. Waits for the end of the connection, so that the server does
    not hold it any more."""
    try:
        with socket.create_connection((HOST, port), timeout=START_SECONDS) as sock:
            sock.sendall(PROBE)
            data = b""
            while piece := sock.recv(4096):
                data += piece
    except OSError:
        return False
    return data.startswith(b"HTTP/1.1 ")


def free_port() -> int:
    """A port that is free now: chosen once, so that a restart keeps it."""
    with socket.socket() as sock:
        sock.bind((HOST, 0))
        return int(sock.getsockname()[1])


def environment() -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    return own | {"PYTHONUNBUFFERED": "1"}
