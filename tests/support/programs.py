"""Programs of a deployment as processes of their own: started, stopped, killed, frozen."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from support.servers import HOST, START_SECONDS, ServerFailed, environment, free_port

LOG_LINES = 4000
WAIT_SECONDS = 30.0

WORKER = (sys.executable, "-m", "tusline", "worker")


class Program:
    """One process and its children, in a group of their own."""

    def __init__(self, command: Sequence[str], ready: str, settings: dict[str, str]) -> None:
        self._lines: deque[str] = deque(maxlen=LOG_LINES)
        self._news = threading.Condition()
        self._over = False
        self._process = subprocess.Popen(
            command,
            env=environment() | settings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, name="program log", daemon=True)
        self._reader.start()
        try:
            self.until(ready, seconds=START_SECONDS)
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def log(self) -> str:
        return "\n".join(self._lines)

    @property
    def children(self) -> list[int]:
        """Process ids of those that it has started itself."""
        path = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return [int(word) for word in path.read_text().split()]

    def until(self, said: str, *, times: int = 1, seconds: float = WAIT_SECONDS) -> None:
        """Wait until its log has so many lines with the pattern. Raises ServerFailed."""
        if not self.says(said, times=times, seconds=seconds):
            raise ServerFailed(f"no {said!r} in {seconds} s:\n{self.log}")

    def says(self, said: str, *, times: int = 1, seconds: float = WAIT_SECONDS) -> bool:
        """Whether it comes to say so before the time is over, or its life is."""
        pattern = re.compile(said)
        with self._news:
            self._news.wait_for(lambda: self._over or self._count(pattern) >= times, seconds)
            return self._count(pattern) >= times

    def _count(self, pattern: "re.Pattern[str]") -> int:
        return sum(bool(pattern.search(line)) for line in self._lines)

    def send(self, how: signal.Signals) -> None:
        self._process.send_signal(how)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """Exit code, and the seconds that it took."""
        began = time.monotonic()
        self.send(how)
        return self.ended(), time.monotonic() - began

    def ended(self) -> int:
        """The exit code, once it has ended by itself. Raises ServerFailed when it does not."""
        try:
            return self._process.wait(WAIT_SECONDS)
        except subprocess.TimeoutExpired:
            raise ServerFailed(f"it did not end:\n{self.log}") from None
        finally:
            self.close()

    def close(self) -> None:
        """SIGKILL to all that is left of it."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait(WAIT_SECONDS)
        self._reader.join(WAIT_SECONDS)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            with self._news:
                self._lines.append(line.rstrip())
                self._news.notify_all()
        with self._news:
            self._over = True
            self._news.notify_all()


class Deployment:
    """Web processes under gunicorn, and workers, with settings in common."""

    def __init__(self, data: Path, redis_url: str, **settings: object) -> None:
        self.port = free_port()
        self.programs: list[Program] = []
        self.settings = {f"TUSLINE_{name.upper()}": str(v) for name, v in settings.items()}
        self.settings |= {"REDIS_URL": redis_url, "TUSLINE_DATA": str(data)}

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def files(self) -> str:
        return f"{self.url}/files"

    def web(self, processes: int = 1) -> Program:
        """gunicorn, once all of its processes take requests."""
        web = self._start(
            (sys.executable, "-m", "gunicorn", "-c", "python:tusline.gunicorn_conf"),
            r"web\.ready",
            TUSLINE_PORT=str(self.port),
            WEB_CONCURRENCY=str(processes),
        )
        web.until(r"web\.ready", times=processes)
        return web

    def worker(self, command: Sequence[str] = WORKER, **settings: object) -> Program:
        more = {f"TUSLINE_{name.upper()}": str(value) for name, value in settings.items()}
        return self._start(command, "tusline worker is ready", **more)

    def _start(self, command: Sequence[str], ready: str, **more: str) -> Program:
        program = Program(command, ready, self.settings | more)
        self.programs.append(program)
        return program


@contextmanager
def deployment(data: Path, redis_url: str, **settings: object) -> Generator[Deployment]:
    """All that was started is killed at the end; a failing test prints the logs."""
    running = Deployment(data, redis_url, **settings)
    try:
        yield running
    except BaseException as error:
        for program in running.programs:
            error.add_note(f"log of process {program.pid}:\n{program.log}")
        raise
    finally:
        for program in running.programs:
            program.close()


def eventually(true: Callable[[], bool], seconds: float = WAIT_SECONDS) -> None:
    """Wait for what no log tells."""
    give_up = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < give_up, "it did not come to pass"
        time.sleep(0.02)
