"""Uploads during which the server is killed with -9, again and again, and what became of them."""

import hashlib
import json
import random
import subprocess
import sys
import threading
from dataclasses import dataclass
from typing import Any

from support import tus
from support.line import Line
from support.servers import Server

RATE = 3_000_000.0
"""Bytes a second of the line: slow enough that a kill finds bytes in flight."""

PASSED_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Killed:
    """One upload. `in_flight`: kills that struck while a body was moving. `lost`: bytes that had
    gone up the line and had to be sent again, in all."""

    kills: int
    in_flight: int
    lost: int
    ready: int
    sha256_equal: bool


def upload_under_kills(server: Server, line: Line, data: bytes, dice: random.Random) -> Killed:
    """Upload `data` whole; the server dies once or twice on the way, and perhaps during the job.

    Raises AssertionError when an offset that was told goes down.
    """
    url = tus.created(server.files, len(data))
    slow_url = url.replace(server.url, line.url)
    told = lost = in_flight = 0
    kills = planned = dice.randint(1, 2)
    while (offset := tus.head(url).offset) < len(data):
        assert offset >= told, f"the offset fell from {told} to {offset}"
        told = offset
        if not planned:
            assert tus.patch(url, offset, data[offset:]).status == 204
            continue
        planned -= 1
        sent, seen = _kill_during_patch(server, line, slow_url, url, data, offset, dice)
        told = max(told, seen)
        server.start()
        after = tus.head(url).offset
        lost += max(0, min(sent, len(data)) - after)
        in_flight += after < len(data)
    if dice.random() < 0.3:  # in the optimizer's job, or right before or after it
        kills += 1
        server.restart()
    outcome = tus.outcome(url)
    assert outcome["phase"] == "ready", outcome
    stored = tus.request("GET", url).body
    return Killed(
        kills=kills,
        in_flight=in_flight,
        lost=lost,
        ready=sum(event["name"] == "ready" for event in timeline(server, url)),
        sha256_equal=hashlib.sha256(stored).digest() == hashlib.sha256(data).digest(),
    )


def _kill_during_patch(
    server: Server,
    line: Line,
    slow_url: str,
    url: str,
    data: bytes,
    offset: int,
    dice: random.Random,
) -> tuple[int, int]:
    """Kill while a PATCH of all the rest is under way: (how far the line got, offset told)."""
    base = line.up
    struck = line.passed(base + dice.randint(1, len(data) - offset))

    def send() -> None:
        try:
            tus.patch(slow_url, offset, data[offset:])
        except OSError:
            return  # the server died under it, as planned

    sending = threading.Thread(target=send)
    sending.start()
    assert struck.wait(PASSED_SECONDS)
    seen = tus.status(url)["offset"]
    server.kill()
    line.cut()
    sending.join()
    return offset + line.up - base, seen


def timeline(server: Server, url: str) -> list[Any]:
    """The timeline of an upload, as `tusline show` tells it beside the running server."""
    command = [sys.executable, "-m", "tusline", "show", url, "--data", str(server.data), "--json"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    events: list[Any] = json.loads(shown.stdout)["timeline"]
    return events
