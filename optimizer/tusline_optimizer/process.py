"""The parent's end of one child process: start it, ask it, end it."""

import asyncio
import json
import os
import sys
from contextlib import suppress
from typing import Any, Final, Self

ENVIRONMENT: Final = {
    # A fixed threshold gives every bitmap back to the system at once; glibc would raise it.
    "MALLOC_MMAP_THRESHOLD_": "131072",
    "MALLOC_TRIM_THRESHOLD_": "131072",
    # Each further arena of a decoder's threads would reserve 64 MB of the limited address space.
    "MALLOC_ARENA_MAX": "1",
}
"""Set for the child; of the parent's environment it sees only INHERITED, no secrets."""

END_SECONDS: Final = 5.0
"""How long the end of a killed child is waited for: its own children may keep its pipe open."""

LEFT_BYTES: Final = 64 * 1024
"""What a child has said and nobody reads is dropped in pieces of this size."""

INHERITED: Final = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL")


class Crashed(Exception):
    """The child ended, or said something that is no answer: not known to be the image's fault."""


class Process:
    """One child. `jobs` counts the images that it was given."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._requests = process.stdin
        self._answers = process.stdout
        self._answering = False
        self.jobs = 0

    @classmethod
    async def start(cls, *, memory: int) -> Self:
        """`memory`: bytes that the child may take for an image."""
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-m", "tusline_optimizer.child", str(memory)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=inherited | ENVIRONMENT,
        )
        return cls(process)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    @property
    def reusable(self) -> bool:
        """Alive, and not left in the middle of a request."""
        return self.alive and not self._answering

    async def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """One request, one answer. Raises Crashed."""
        self._answering = True
        try:
            self._requests.write(json.dumps(request).encode() + b"\n")
            await self._requests.drain()
            answer = json.loads(await self._answers.readuntil(b"\n"))
        except (
            OSError,
            EOFError,
            ValueError,
            RecursionError,
            asyncio.LimitOverrunError,
        ) as error:
            raise Crashed(f"child {self.pid}: {type(error).__name__}") from error
        if not isinstance(answer, dict):
            raise Crashed(f"child {self.pid} answered with no object")
        self._answering = False
        return answer

    def end(self) -> None:
        """SIGKILL; it is gone a moment later."""
        if self.alive:
            with suppress(ProcessLookupError):
                self._process.kill()

    async def kill(self) -> None:
        """End it at once; on return it is gone."""
        self.end()
        self._requests.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(END_SECONDS):
                await self._read_to_the_end()
                await self._process.wait()
        with suppress(OSError):  # a broken pipe is no news; left alone, asyncio would log it
            await self._requests.wait_closed()

    async def _read_to_the_end(self) -> None:
        """asyncio takes a process for ended when its pipe is, too: when everything is read."""
        with suppress(RuntimeError):  # somebody waits for an answer, and reads until there is none
            while await self._answers.read(LEFT_BYTES):
                pass
