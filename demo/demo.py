"""Three photos, a bad line and a dying server: what tusline is for, in under a minute.

Everything is real: the server is a process of its own, the line a TCP proxy with little bandwidth,
the client the one behind `tusline upload`. Ends with a code other than 0 if a promise is broken.
"""

import hashlib
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Self

from rich.console import Console
from rich.filesize import decimal
from rich.text import Text

from support import photos, tus
from support.line import Line
from support.servers import Server, running_server
from tusline.clock import SystemClock
from tusline.uploader.bars import Bars
from tusline.uploader.batch import Batch, Plan
from tusline.uploader.lines import Lines
from tusline.uploader.resume import ResumeStore
from tusline.uploader.source import Source, examine
from tusline.uploader.summary import table
from tusline.uploader.watching import Result

PHOTOS = 3
RATE = 1_500_000
"""Bytes a second on the line."""

CUT_AT, KILL_AT = 0.25, 0.55
"""When the line is cut and the server killed, as shares of all bytes."""

PATIENCE = 60.0
"""Seconds without progress after which the demo has failed."""


class Story:
    """Tells what happens, and when, above the bars."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def tell(self, text: str, style: str = "") -> None:
        line = Text.assemble((f"{self.seconds:5.1f} s  ", "dim"), (text, style))
        self.console.print(line, soft_wrap=True)


class Trouble(threading.Thread):
    """Cuts the line, then kills the server and starts it again, while photos are on their way.

    A context: at its end no trouble comes any more, however the upload went.
    """

    def __init__(self, server: Server, line: Line, size: int, story: Story) -> None:
        super().__init__(name="trouble", daemon=True)
        self._server = server
        self._line = line
        self._story = story
        self._moments = [line.passed(int(size * share)) for share in (CUT_AT, KILL_AT)]
        self._over = False
        self.cut = 0
        """Connections that were cut in the middle of a request: the demo needs some."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        for moment in self._moments:
            moment.set()
        self.join()

    def run(self) -> None:
        for moment, strike in zip(self._moments, (self._cut, self._kill), strict=True):
            moment.wait()
            if self._over:
                return
            strike()

    def _cut(self) -> None:
        self.cut = self._line.cut()
        self._story.tell(f"the line is cut: {self.cut} uploads lose their connection", "yellow")

    def _kill(self) -> None:
        pid = self._server.pid
        self._server.kill()
        self._story.tell(f"kill -9 {pid}: the server is dead in mid-upload", "red")
        self._server.start()
        words = f"the server is back on the same folder, as process {self._server.pid}"
        self._story.tell(words, "green")


def main() -> int:
    console = Console(highlight=False)
    story = Story(console)
    console.print("\n[bold]tusline[/]  three photos, a bad line, a dying server\n")
    with tempfile.TemporaryDirectory(prefix="tusline-demo-") as folder:
        sources = shoot(Path(folder), story)
        with running_server(Path(folder)) as server, Line(server.port, rate=RATE) as line:
            story.tell(f"a server on {server.url}, process {server.pid}, in an empty folder")
            story.tell(f"a line to it that carries {decimal(RATE)} a second")
            size = sum(source.size for source in sources)
            with Trouble(server, line, size, story) as trouble:
                results = send(sources, line, Path(folder), story)
            console.print()
            console.print(table(results))
            console.print()
            kept = check(results, server, line, trouble, console)
    console.print(f"\n{story.seconds:.0f} seconds in all.\n")
    return 0 if kept else 1


def shoot(folder: Path, story: Story) -> list[Source]:
    """Make the photos."""
    paths = [folder / f"IMG_{number:04}.jpg" for number in range(1, PHOTOS + 1)]
    for number, path in enumerate(paths):
        path.write_bytes(photos.jpeg(number, gps=True))
    sources = [examine(path) for path in paths]
    sizes = ", ".join(decimal(source.size) for source in sources)
    story.tell(f"{PHOTOS} photos of 12 megapixels, made on the spot: {sizes}")
    return sources


def send(sources: Sequence[Source], line: Line, folder: Path, story: Story) -> list[Result]:
    """What `tusline upload` does, with its memory in the demo's folder."""
    terminal = story.console.is_terminal
    watcher = Bars(story.console, sources, story.tell) if terminal else Lines(story.tell)
    plan = Plan(endpoint=f"{line.url}/files", give_up=PATIENCE)
    with closing(ResumeStore(folder / "state", SystemClock())) as store, watcher.shown():
        results = list(Batch(sources, plan, store, watcher).run())
    return sorted(results, key=lambda result: result.source.name)


def check(
    results: Sequence[Result], server: Server, line: Line, trouble: Trouble, console: Console
) -> bool:
    """Compare what was promised with what was seen, and say both."""
    size = sum(result.source.size for result in results)
    extra = line.up - size
    again = sum(result.sent_again for result in results)
    promises = [
        (all(not result.failure for result in results), "every photo is stored and optimized"),
        (
            all(stored(result, server) == result.source.sha256() for result in results),
            "SHA-256 of each original, read back over HTTP, equals the photo's",
        ),
        (again == 0, f"acknowledged bytes sent twice: {again}"),
        (
            trouble.cut > 0 and server.lives > 1,
            f"and that with {trouble.cut} connections cut and the server killed on the way",
        ),
    ]
    for kept, words in promises:
        console.print(Text.assemble(("✓ ", "green") if kept else ("✗ ", "red"), words))
    for result in results:
        if result.failure:
            console.print(Text(f"  {result.source.label}: {result.failure}", "red"))
    console.print(f"  bytes through the line: {line.up:,} for photos of {size:,}")
    console.print(
        f"  the other {extra:,} ({extra / size:.1%}) are HTTP headers "
        "and what was in flight at the breaks"
    )
    return all(kept for kept, _ in promises)


def stored(result: Result, server: Server) -> str:
    """SHA-256 of the stored original, straight from the server."""
    if result.url is None:
        return ""
    upload = result.url.rpartition("/")[2]
    answer = tus.request("GET", f"{server.url}/uploads/{upload}/original")
    return hashlib.sha256(answer.body).hexdigest() if answer.status == 200 else ""


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
