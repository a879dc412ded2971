"""`tusline`, with a fuse in front of its doors: `python -m support.fused_server FUSE serve …`.

The file FUSE names a call, `before records.commit 3`: at the third commit from now on, right
before its effect, the process dies by SIGKILL, and its children with it. The file is gone then.
While there is no such file nothing blows; it may come at any time.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from support.fuse import Side, fused
from tusline.assembly import embedded
from tusline.cli import main
from tusline.service.doors import Doors


class KillFuse:
    """Implements Fuse by the file that it reads at each call."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._armed = ""
        self._passed = 0

    async def reach(self, call: str, side: Side) -> None:
        try:
            armed = self._path.read_text()
        except FileNotFoundError:
            return
        if armed != self._armed:
            self._armed, self._passed = armed, 0
        wanted_side, wanted, count = armed.split()
        if (side, call) != (wanted_side, wanted):
            return
        self._passed += 1
        if self._passed == int(count):
            self._path.unlink()
            os.killpg(os.getpid(), signal.SIGKILL)  # the server leads a group of its own


def run() -> None:
    fuse = KillFuse(Path(sys.argv.pop(1)))

    def doors(**bare: Any) -> Doors:
        return fused(Doors(**bare), fuse)

    vars(embedded)["Doors"] = doors
    main()


if __name__ == "__main__":
    run()
