"""`tusline serve` that names, in its log, every file it changes outside of its data folder.

    python audited.py serve --host H --port P --data DIR

An audit hook sees what Python opens, moves, makes and removes, even for a moment. Files whose name
holds CANARY are named even when they are only read.
"""

import os
import sys
from pathlib import Path

from tusline.cli import main

OUTSIDE = "outside:"
CANARY = "canary"

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
ONE = frozenset({"os.mkdir", "os.rmdir", "os.remove", "os.truncate", "os.chmod", "os.chown"})
TWO = frozenset({"os.rename", "os.link", "os.symlink"})
HARMLESS = frozenset({"/dev/null"})


def watch(folder: Path) -> None:
    """Report on standard error from now on."""
    inside = str(folder.resolve())

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            changed = [path] if isinstance(flags, int) and flags & WRITING else []
            read = [path]
        elif event in ONE or event in TWO:
            changed = read = list(arguments[: 2 if event in TWO else 1])
        else:
            return
        for name in {*changed, *read}:
            if isinstance(name, str | bytes | os.PathLike):
                _judge(event, os.fsdecode(name), inside, name in changed)

    sys.addaudithook(hook)


def _judge(event: str, name: str, inside: str, changed: bool) -> None:
    path = os.path.abspath(name)
    out = path not in HARMLESS and path != inside and not path.startswith(inside + os.sep)
    if (changed and out) or CANARY in name:
        os.write(2, f"{OUTSIDE} {event} {name!r}\n".encode())


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    data = Path(sys.argv[sys.argv.index("--data") + 1])
    data.mkdir(parents=True, exist_ok=True)
    watch(data)
    main()
