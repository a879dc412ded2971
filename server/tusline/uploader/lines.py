"""Progress as plain lines, for logs and pipes. Acknowledged bytes only."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from rich.filesize import decimal

from tusline.uploader.source import Source
from tusline.uploader.status import Status
from tusline.uploader.watching import PHASES, Result
from tusline.uploader.words import of, resumed, soon

STEP = 0.1
"""Progress is told in steps of this share of a file."""


class Lines:
    """A Watcher that says a line for each thing worth knowing."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._print = say
        self._steps: dict[Source, int] = {}

    def shown(self) -> AbstractContextManager[object]:
        """A context in which progress is shown."""
        return nullcontext()

    def began(self, source: Source, offset: int) -> None:
        if offset:
            self.going_on(source, offset)
        else:
            self._say(source, f"sending {decimal(source.size)}")

    def acknowledged(self, source: Source, offset: int) -> None:
        share = offset / source.size if source.size else 1.0
        step = int(share / STEP)
        if step > self._steps.get(source, 0):
            self._steps[source] = step
            self._say(source, f"{share:4.0%}  {of(offset, source.size)}")

    def waiting(self, source: Source, why: str, seconds: float) -> None:
        self._say(source, f"{why}, trying again {soon(seconds)}")

    def going_on(self, source: Source, offset: int) -> None:
        self._say(source, resumed(offset, source.size))

    def anew(self, source: Source, why: str) -> None:
        self._steps[source] = 0
        self._say(source, f"the server does not have it any more, starting anew ({why})")

    def sent(self, source: Source) -> None:
        self._say(source, "sent")

    def optimizing(self, source: Source, status: Status) -> None:
        if status.phase in PHASES:
            self._say(source, PHASES[status.phase])

    def ended(self, result: Result) -> None:
        self._say(result.source, f"failed: {result.failure}" if result.failure else "done")

    def _say(self, source: Source, text: str) -> None:
        self._print(f"{source.label}: {text}")
