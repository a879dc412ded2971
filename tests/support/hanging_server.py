"""`tusline` on a disk that can hang: `python -m support.hanging_server SWITCH serve …`.

While the file SWITCH names a kind of step (see below) each of that kind hangs; the first to do so
leaves a file beside it.
"""

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiofiles.threadpool

from tusline.cli import main
from tusline.records.sqlite import thread as sqlite_thread
from tusline.storage.disk import files

IN_THREADS = ("syncs", "reads", "records")
ON_THE_LOOP = ("writes",)
"""Where a step hangs: there the event loop goes on, here it does not."""


def hung(switch: Path) -> Path:
    """The file that says that something hangs."""
    return switch.with_suffix(".hung")


def hanging(switch: Path, kind: str, step: Callable[..., Any]) -> Callable[..., Any]:
    def slowed(*arguments: Any, **options: Any) -> Any:
        if switch.exists() and switch.read_text() == kind:
            hung(switch).touch()
            threading.Event().wait()
        return step(*arguments, **options)

    return slowed


class HangingOs:
    """`os` whose syncs and writes of files may hang."""

    def __init__(self, switch: Path) -> None:
        self.fdatasync = hanging(switch, "syncs", os.fdatasync)
        self.pwrite = hanging(switch, "writes", os.pwrite)

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)


def run() -> None:
    switch = Path(sys.argv.pop(1))
    vars(files)["os"] = HangingOs(switch)
    threadpool = vars(aiofiles.threadpool)
    threadpool["sync_open"] = hanging(switch, "reads", threadpool["sync_open"])
    records = vars(sqlite_thread)
    records["_run_group"] = hanging(switch, "records", records["_run_group"])
    main()


if __name__ == "__main__":
    run()
