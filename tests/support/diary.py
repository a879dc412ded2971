"""A Watcher of the uploader that writes down what it hears."""

import threading

from tusline.uploader.source import Source
from tusline.uploader.status import Status
from tusline.uploader.watching import Result


class Diary:
    """`lines` in the order heard; `stop` is set when the offset reaches `stop_at`."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, object]] = []
        self.stop_at: int | None = None
        self.stop = threading.Event()

    def began(self, source: Source, offset: int) -> None:
        self.lines.append(("began", offset))

    def acknowledged(self, source: Source, offset: int) -> None:
        self.lines.append(("acknowledged", offset))
        if self.stop_at is not None and offset >= self.stop_at:
            self.stop.set()

    def waiting(self, source: Source, why: str, seconds: float) -> None:
        self.lines.append(("waiting", why))

    def going_on(self, source: Source, offset: int) -> None:
        self.lines.append(("going on", offset))

    def anew(self, source: Source, why: str) -> None:
        self.lines.append(("anew", why))

    def sent(self, source: Source) -> None:
        self.lines.append(("sent", source.size))

    def optimizing(self, source: Source, status: Status) -> None: ...

    def ended(self, result: Result) -> None: ...

    def heard(self, what: str) -> list[object]:
        return [detail for kind, detail in self.lines if kind == what]
