"""Real tus clients, each driven by a small program of its own, and what they say at the end."""

import json
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[1]
DRIVERS = TESTS / "drivers"
RUST = DRIVERS / "rust/target/debug"
JAVA = DRIVERS / "java/target"

END_SECONDS = 120.0
"""Seconds that any upload may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What a client said of its upload: `done` or not, the URL if it knows one, and the words
    (its standard error) with which it failed."""

    done: bool
    url: str | None
    words: str


class Running:
    """A client at work. Raises AssertionError where the driver itself broke."""

    def __init__(self, command: list[str]) -> None:
        self._process = subprocess.Popen(
            command,
            cwd=TESTS,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def over(self) -> bool:
        return self._process.poll() is not None

    def stop(self) -> None:
        """Kill it, if it is still there; for the end of a test."""
        self._process.kill()
        self._process.communicate()

    def end(self) -> Ended:
        try:
            out, words = self._process.communicate(timeout=END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise AssertionError(f"it hangs: {self._process.communicate()}") from None
        told = json.loads(out) if out.startswith("{") else {}
        assert told.get("done") is (self._process.returncode == 0), (out, words)
        return Ended(done=told["done"], url=told["url"], words=words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A client with the options it is given. A driver takes ENDPOINT FILE [NAME=JSON ...], prints
    {"url", "done"} as JSON, and exits with 0 or 1."""

    name: str
    command: tuple[str, ...]
    options: tuple[tuple[str, Any], ...] = ()

    def given(self, **options: object) -> "Client":
        """The same client with further options."""
        return replace(self, options=(*self.options, *options.items()))

    def __str__(self) -> str:
        return " ".join([self.name, *(f"{name}={value}" for name, value in self.options)])

    def start(self, endpoint: str, path: Path) -> Running:
        words = [f"{name}={json.dumps(value)}" for name, value in self.options]
        return Running([*self.command, endpoint, str(path), *words])

    def upload(self, endpoint: str, path: Path) -> Ended:
        return self.start(endpoint, path).end()


def _python(driver: str) -> tuple[str, ...]:
    return (sys.executable, "-m", f"drivers.{driver}")


TUSPY = Client(name="tuspy", command=_python("tuspy_upload"))
AIOTUS = Client(name="aiotus", command=_python("aiotus_upload"))
PYTUS = Client(name="pytus", command=_python("pytus_upload"))
TUS_JS = Client(name="tus-js-client", command=("node", str(DRIVERS / "tusjs.mjs")))
TUS_JS_PAGE = Client(
    name="tus-js-client in Chromium", command=("node", str(DRIVERS / "tusjs-page.mjs"))
)
TUS_JAVA = Client(
    name="tus-java-client",
    command=("java", "-cp", f"{JAVA / 'classes'}:{JAVA / 'jars'}/*", "Driver"),
)
TUS_CLIENT = Client(name="tus_client", command=(str(RUST / "tus_client"),))
TUS_ASYNC_CLIENT = Client(name="tus_async_client", command=(str(RUST / "tus_async_client"),))
