"""`tusline` whose jobs kill it, or wait: `python -m support.deadly_worker FOLDER worker`.

A job of a file that begins with POISON kills the process a moment after it began. One that begins
with SLOW takes longer, and waits while there is a file `hold` in FOLDER; it leaves a file
`begun-PID` there. With a file `hasty` there, jobs of a silent worker are another's after a second.
"""

import asyncio
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

from support.servers import python
from tusline.cli import main
from tusline.jobs import docket
from tusline_optimizer import optimizer

POISON = b"poison"
SLOW = b"slow"
MOMENT = 0.2
LOOK = 0.02


def program(folder: Path) -> tuple[str, ...]:
    return (*python(), "-m", "support.deadly_worker", str(folder), "worker")


def run() -> None:
    folder = Path(sys.argv.pop(1))
    hashed = optimizer.sha256_of

    async def hashing(path: Path) -> str:
        content = path.read_bytes()
        if content.startswith(POISON):
            await asyncio.sleep(MOMENT)
            os.kill(os.getpid(), signal.SIGKILL)
        if content.startswith(SLOW):
            (folder / f"begun-{os.getpid()}").touch()
            await asyncio.sleep(2 * MOMENT)
            while (folder / "hold").exists():
                await asyncio.sleep(LOOK)
        return await hashed(path)

    vars(optimizer)["sha256_of"] = hashing
    if (folder / "hasty").exists():
        vars(docket)["REDELIVERY"] = timedelta(seconds=1)
    main()


if __name__ == "__main__":
    run()
