"""The process that decodes images: `python -I -m tusline_optimizer.child MEMORY`.

It speaks JSON lines, one answer for each request, over stdin and stdout; only paths cross, never
image bytes. It may be killed at any moment, and ends by itself when its stdin closes.

    → {"inspect": path, "recipes": [...]}   ← {"memory": bytes}
    → {"render": folder}                    ← {"size": [width, height], "outputs": [...]}

`render` makes the recipes of the image inspected last; its size is the upright one. Instead of
these answers come {"refused": code, "detail": ...} when the image is at fault, and
{"failed": ...} when the machine is.
"""

import ctypes
import json
import os
import resource
import signal
import sys
import traceback
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO, Final

from PIL import Image

from tusline_optimizer.limits import Header, inspect
from tusline_optimizer.recipes import Recipe
from tusline_optimizer.refusals import Refused
from tusline_optimizer.render import judging, render

NICE: Final = 5
FILES: Final = 64
FILE_BYTES: Final = 256 * 1024 * 1024
"""The largest file that a child may write."""

HEADROOM: Final = 96 * 1024 * 1024
"""Address space beside the images' own: reserved, hardly used, 70 MB by the HEIF decoder alone."""

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_NO_NEW_PRIVS: Final = 38


class Child:
    """Answers requests, and remembers the image inspected last. `memory`: bytes for an image."""

    def __init__(self, memory: int) -> None:
        self._memory = memory
        self._inspected: tuple[Path, Header, tuple[Recipe, ...]] | None = None

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            if "inspect" in request:
                return self._inspect(Path(request["inspect"]), request["recipes"])
            return self._render(Path(request["render"]))
        except Refused as refusal:
            return {"refused": refusal.code, "detail": refusal.detail}
        except Exception:
            return {"failed": traceback.format_exc(limit=-3)}

    def _inspect(self, path: Path, recipes: list[dict[str, Any]]) -> dict[str, Any]:
        wanted = tuple(Recipe(**recipe) for recipe in recipes)
        with judging():
            header = inspect(path, wanted, most=self._memory)
        self._inspected = (path, header, wanted)
        return {"memory": header.memory}

    def _render(self, folder: Path) -> dict[str, Any]:
        if self._inspected is None:
            raise ValueError("nothing was inspected")
        path, header, recipes = self._inspected
        return asdict(render(path, header, recipes, folder))


def confine(memory: int) -> None:
    """Bound what a hostile file can do: memory, files, privileges; and die with the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when its children end,
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # also when a signal reaches all of them
    os.nice(NICE)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, FILES)
    _limit(resource.RLIMIT_FSIZE, FILE_BYTES)
    if sys.platform == "linux":
        prctl = ctypes.CDLL(None).prctl
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        _limit(resource.RLIMIT_AS, pages * resource.getpagesize() + memory + HEADROOM)


def _limit(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    resource.setrlimit(kind, (value if hard == resource.RLIM_INFINITY else min(value, hard),) * 2)


def serve(child: Child, requests: BinaryIO, answers: BinaryIO) -> None:
    for line in requests:
        answers.write(json.dumps(child.answer(json.loads(line))).encode() + b"\n")
        answers.flush()


def main() -> None:
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # stray prints must not look like answers
    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = None  # limits.py decides, by format
    memory = int(sys.argv[1])
    confine(memory)
    serve(Child(memory), sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
