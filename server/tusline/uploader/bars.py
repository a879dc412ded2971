"""Progress as bars on a terminal. Acknowledged bytes only."""

import threading
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, DownloadColumn, Progress, ProgressColumn, Task, TaskID
from rich.table import Column
from rich.text import Text

from tusline.uploader.rate import Rate
from tusline.uploader.source import Source
from tusline.uploader.status import Status
from tusline.uploader.watching import PHASES, Result
from tusline.uploader.words import resumed, soon

NAME_WIDTH = 18
BAR_WIDTH = 16
MANY = 10
"""With more files than this only those under way have a bar, for the screen's sake."""


class Bars:
    """A Watcher that draws a bar for each file and one for all together."""

    def __init__(
        self, console: Console, sources: Sequence[Source], say: Callable[[str], None]
    ) -> None:
        """`say` prints a line on the console, above the bars."""
        self._print = say
        self._lock = threading.Lock()
        self._progress = Progress(
            _Name(), BarColumn(bar_width=BAR_WIDTH), DownloadColumn(), _State(), console=console
        )
        self._many = len(sources) > MANY
        self._tasks = {
            source: self._add(source.label, source.size, visible=not self._many)
            for source in sources
        }
        size = sum(source.size for source in sources)
        self._total = self._add("Total", size, visible=len(sources) > 1)

    def shown(self) -> Progress:
        """A context in which progress is shown."""
        return self._progress

    def began(self, source: Source, offset: int) -> None:
        self._move(source, offset)
        if offset:
            self._say(source, resumed(offset, source.size))

    def acknowledged(self, source: Source, offset: int) -> None:
        self._move(source, offset, moved=True)

    def waiting(self, source: Source, why: str, seconds: float) -> None:
        until = self._progress.get_time() + seconds
        self._progress.update(
            self._tasks[source], note=why, until=until, style="yellow", visible=True
        )

    def going_on(self, source: Source, offset: int) -> None:
        self._move(source, offset, broken=True)
        self._say(source, resumed(offset, source.size))

    def anew(self, source: Source, why: str) -> None:
        self._move(source, 0, broken=True)
        self._say(source, f"the server does not have it any more, starting anew ({why})")

    def sent(self, source: Source) -> None:
        self._note(source, "sent", "cyan")

    def optimizing(self, source: Source, status: Status) -> None:
        if status.phase in PHASES:
            self._note(source, PHASES[status.phase], "cyan")

    def ended(self, result: Result) -> None:
        if result.failure:
            self._note(result.source, "failed", "red")
            self._say(result.source, f"failed: {result.failure}")
        else:
            self._note(result.source, "done", "green")
        self._progress.update(self._tasks[result.source], visible=not self._many)

    def _add(self, name: str, size: int, *, visible: bool) -> TaskID:
        return self._progress.add_task(
            name, total=size, visible=visible, rate=Rate(), note="", until=None, style=""
        )

    def _note(self, source: Source, text: str, style: str) -> None:
        task = self._tasks[source]
        self._progress.update(task, note=text, until=None, style=style, visible=True)

    def _move(
        self, source: Source, offset: int, *, moved: bool = False, broken: bool = False
    ) -> None:
        """Set a bar. `moved`: its bytes have gone over the line just now; `broken`: the line was
        away before."""
        now = self._progress.get_time()
        file = self._tasks[source]
        with self._lock:
            step = offset - int(self._progress.tasks[file].completed)
            for task in (file, self._total):
                rate: Rate = self._progress.tasks[task].fields["rate"]
                if broken:
                    rate.restart(now)
                rate.start(now)
                if moved and step > 0:
                    rate.add(step, now)
                self._progress.update(task, advance=step)
        self._note(source, "", "")

    def _say(self, source: Source, text: str) -> None:
        self._print(f"{source.label}: {text}")


class _Name(ProgressColumn):
    def __init__(self) -> None:
        super().__init__(Column(max_width=NAME_WIDTH, no_wrap=True, overflow="ellipsis"))

    def render(self, task: Task) -> Text:
        return Text(task.description)


class _State(ProgressColumn):
    """What a file is doing: rate and time left, or why it waits, counting down."""

    def __init__(self) -> None:
        super().__init__(Column(no_wrap=True, overflow="ellipsis"))

    def render(self, task: Task) -> Text:
        now = task.get_time()
        note, until, style = (task.fields[name] for name in ("note", "until", "style"))
        if until is not None:
            return Text(f"{note}, trying again {soon(until - now)}", style=style)
        rate = task.fields["rate"].at(now)
        if note or task.finished or not rate:
            return Text(note, style=style)
        left = ((task.total or 0) - task.completed) / rate
        return Text(f"{decimal(int(rate))}/s, {left:.0f} s left", style="dim")
