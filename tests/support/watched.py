"""Real clients on slow lines of their own, and what their uploads were told."""

import re
import time
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

from support import tus
from support.clients import Client, Running
from support.line import HOST, Line
from support.production import large_photo
from support.tape import Tape

LOCATION = re.compile(rb"(?im)^location: *\S+/([0-9a-f]+)\s*$")
REACHED_SECONDS = 40.0


@dataclass(slots=True)
class Watched:
    """A client at work. `seen` are offsets that others were told, and how much had gone up its
    line by then."""

    name: str
    files: str
    data: bytes
    line: Line
    tape: Tape
    running: Running
    seen: list[tuple[int, int]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The upload's, beside the line. Raises AssertionError before it is created, and when the
        client has begun more than one."""
        ids = {match[1].decode() for match in LOCATION.finditer(bytes(self.tape.down))}
        assert len(ids) == 1, ids
        return f"{self.files}/{ids.pop()}"

    def until_offset(self, offset: int) -> int:
        """Wait until so many bytes are acknowledged; how many they are."""
        give_up = time.monotonic() + REACHED_SECONDS
        while (now := self.offset()) < offset:
            assert time.monotonic() < give_up, f"{self.name} does not get on, at {now}"
            time.sleep(0.1)
        return now

    def until_more(self, count: int) -> None:
        """Wait until so many more bytes are acknowledged."""
        self.until_offset(self.offset() + count)

    def offset(self) -> int:
        """What anybody may know of it: acknowledged from now on. 0 before it is created."""
        if b"201 Created" not in self.tape.down:
            return 0
        offset = int(tus.status(self.url)["offset"])
        if not self.seen or self.seen[-1][1] != offset:
            self.seen.append((len(self.tape.up), offset))
        return offset

    # --- in the end ------------------------------------------------------------------------------

    def told(self) -> list[int]:
        """Every offset that the client or others were told, in order."""
        return [offset for _, offset in self._acknowledged()]

    def sent_again(self) -> int:
        """The most bytes that were acknowledged when a PATCH began, and yet were sent by it."""
        acknowledged = self._acknowledged()
        again = 0
        for asked in self.tape.asked():
            if asked.method == "PATCH" and asked.offset is not None:
                known = max((offset for at, offset in acknowledged if at <= asked.at), default=0)
                again = max(again, min(known - asked.offset, asked.body))
        return again

    def arrived(self) -> None:
        """Raises AssertionError unless the client says so, the file is there to the byte, and it
        was optimized."""
        ended = self.running.end()
        assert ended.done, ended.words
        assert tus.outcome(self.url)["phase"] == "ready"
        found = tus.request("GET", self.url).body
        assert sha256(found).digest() == sha256(self.data).digest()

    def _acknowledged(self) -> list[tuple[int, int]]:
        answered = [(one.at, one.offset) for one in self.tape.answered() if one.offset is not None]
        return sorted(answered + self.seen)

    def fallen(self) -> list[tuple[int, int]]:
        """Offsets that were told, and lower ones that were told next."""
        return [(one, next) for one, next in pairwise(self.told()) if next < one]

    def story(self) -> str:
        """What went up and down, in order."""
        lines = [(one.at, f"{one.method} {one.offset} +{one.body:,}") for one in self.tape.asked()]
        lines += [(one.at, f"{one.status} {one.offset}") for one in self.tape.answered()]
        lines += [(at, f"seen {offset}") for at, offset in self.seen]
        return "\n".join(
            [
                f"{self.name}: {self.tape.sent() / len(self.data):.3f} times the file was sent",
                *(f"{at:>12,} {what}" for at, what in sorted(lines)),
            ]
        )


@contextmanager
def watched(
    clients: Sequence[Client], port: int, folder: Path, *, size: int, rate: float
) -> Generator[list[Watched]]:
    """Each client uploads a photo of its own to the service on a port, over a line with this rate.
    A failing test prints their stories."""
    with ExitStack() as stack:
        begun = []
        for seed, client in enumerate(clients):
            path = folder / f"{seed}.jpg"
            path.write_bytes(large_photo(seed, size))
            tape = Tape()
            line = stack.enter_context(Line(port, rate=rate, tape=tape))
            running = client.start(f"{line.url}/files", path)
            stack.callback(running.stop)
            begun.append(
                Watched(
                    name=str(client),
                    files=f"http://{HOST}:{port}/files",
                    data=path.read_bytes(),
                    line=line,
                    tape=tape,
                    running=running,
                )
            )
        try:
            yield begun
        except BaseException as error:
            for one in begun:
                error.add_note(one.story())
            raise
