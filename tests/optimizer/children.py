"""Looking at the child processes of a pool from outside, and images that never end."""

import asyncio
import os
import select
from pathlib import Path

SERVERS = (b"\0serve\0", b"valkey-server", b"redis-server", b"\0moto.server\0")
"""What is in the command lines of servers that other tests of this process have started."""


def children(parent: int | None = None) -> set[int]:
    """The processes that a process (this one) has started and not yet reaped, but for servers of
    other tests."""
    threads = Path(f"/proc/{parent or os.getpid()}/task").iterdir()
    found = {pid for thread in threads for pid in _children_of(thread)}
    return {pid for pid in found if not _is_server(pid)}


def _children_of(thread: Path) -> set[int]:
    try:
        return {int(pid) for pid in (thread / "children").read_text().split()}
    except (FileNotFoundError, ProcessLookupError):  # the thread has ended since it was listed
        return set()


def _is_server(pid: int) -> bool:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return any(word in command for word in SERVERS)


def gone(pid: int, *, within: float) -> bool:
    """Wait, at most `within` seconds, for the end of any process."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], within)[0])
    finally:
        os.close(descriptor)


class Endless:
    """An image that a child opens and then waits for: a pipe that nobody writes to."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path

    async def opened(self) -> None:
        """Wait until a child has it; from then on it reads the pipe, which stays empty."""
        self._writer = await asyncio.to_thread(os.open, self.path, os.O_WRONLY)

    def is_open(self) -> bool:
        """Whether a child has it open or wants to. If so, that child then finds it empty."""
        try:
            os.close(os.open(self.path, os.O_WRONLY | os.O_NONBLOCK))
        except OSError:
            return False
        return True

    def close(self) -> None:
        os.close(self._writer)
