"""Interruptions of a client's upload, and the verdict on what it said afterwards."""

import hashlib
import json
import time
from collections.abc import Set
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from support import tus
from support.clients import Client, Ended, Running
from support.line import Line
from support.servers import Server
from support.tape import Tape

STRIKE_SECONDS = 60.0
"""Seconds until a strike's place in the upload is reached."""

LOOK_SECONDS = 0.2


class Trouble(StrEnum):
    """What may happen in mid-upload."""

    CUT = "cut"
    KILL = "kill -9"
    RESTART = "SIGTERM and restart"


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """One interruption, when `at` bytes have gone up the line since the upload began."""

    at: int
    trouble: Trouble

    def __str__(self) -> str:
        return f"{self.trouble} at {self.at:,}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One upload under strikes. `struck`: strikes that found the client at work; `down`: seconds
    that the server was away, at most; `uploads`: ids of what was created meanwhile."""

    ended: Ended
    struck: int
    down: float
    uploads: frozenset[str]

    @property
    def id(self) -> str:
        """The upload that the client names; a client that names none has made but one."""
        return (self.ended.url or "".join(self.uploads)).rpartition("/")[2]


def upload_under(
    client: Client, server: Server, line: Line, path: Path, *strikes: Strike
) -> Outcome:
    """Upload `path` through the line while the strikes come down, one after the other."""
    there, base = stored_ids(server), line.up
    running = client.start(f"{line.url}/files", path)
    down = []
    for strike in strikes:
        if not _reached(line, base + strike.at, running):
            break
        began = time.monotonic()
        _strike(strike.trouble, server, line)
        down.append(time.monotonic() - began)
    ended = running.end()
    return Outcome(
        ended=ended,
        struck=len(down),
        down=max(down, default=0.0),
        uploads=stored_ids(server) - there,
    )


def _reached(line: Line, up: int, running: Running) -> bool:
    """Wait until `up` bytes have gone up the line; False when the client ends before that."""
    mark = line.passed(up)
    for _ in range(int(STRIKE_SECONDS / LOOK_SECONDS)):
        if mark.wait(LOOK_SECONDS):
            return True
        if running.over:
            return False
    raise AssertionError(f"{line.up} bytes went up, {up} never did")


def _strike(trouble: Trouble, server: Server, line: Line) -> None:
    match trouble:
        case Trouble.CUT:
            line.cut()
        case Trouble.KILL:
            server.kill()
            line.cut()
            server.start()
        case Trouble.RESTART:
            server.terminate()
            server.start()


def stored_ids(server: Server) -> frozenset[str]:
    """The ids of all uploads that the store holds bytes of."""
    files = [*server.data.glob("uploads/*/*"), *server.data.glob("originals/*/*")]
    return frozenset(file.name.partition(".")[0] for file in files)


def deadlines(server: Server, ids: Set[str]) -> int:
    """How many requests for these uploads the deadline has ended."""
    entries = [json.loads(line) for line in server.log.splitlines() if line.startswith("{")]
    return sum(
        entry.get("upload_id") in ids and entry.get("code") == "deadline" for entry in entries
    )


# --- the verdict ---------------------------------------------------------------------------------


def judged(
    client: Client,
    server: Server,
    path: Path,
    *strikes: Strike,
    rate: float | None = None,
    tape: Tape | None = None,
) -> Outcome:
    """Upload `path` on a line of its own while the strikes come down; how it ended, which may be a
    failure, but an honest one. Raises AssertionError as `judge` does."""
    with Line(server.port, rate=rate, tape=tape) as line:
        outcome = upload_under(client, server, line, path, *strikes)
    judge(server, path.read_bytes(), outcome)
    return outcome


def judge(server: Server, source: bytes, outcome: Outcome) -> None:
    """Raises AssertionError where wrong or missing bytes were called done, where a failure was
    not told, or where the bytes of an unfinished upload are not the source's."""
    if outcome.ended.done:
        assert _content(server, outcome.id) == _digest(source), "wrong bytes, called done"
        return
    assert outcome.ended.words.strip(), "it failed, and said nothing"
    for id in outcome.uploads:
        if "upload-concat" in tus.head(f"{server.files}/{id}").headers:
            continue  # a part of the source, we do not know which
        _finish(server, id, source)
        assert _content(server, id) == _digest(source)


def _finish(server: Server, id: str, source: bytes) -> None:
    """Send what is missing of an upload that a client left behind."""
    url = f"{server.files}/{id}"
    offset = tus.head(url).offset
    if offset < len(source):
        assert tus.patch(url, offset, source[offset:]).status == 204


def _content(server: Server, id: str) -> str:
    answer = tus.request("GET", f"{server.files}/{id}")
    assert answer.status == 200, (answer.status, answer.body)
    return _digest(answer.body)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
