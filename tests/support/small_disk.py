"""A data folder that is a disk of its own, small enough to be filled: a file system in memory."""

import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.servers import TUSLINE_SERVE

MOUNT = 'mount -t tmpfs -o size="$1" tmpfs "$2" && echo mounted && exec sleep infinity'
HOLD = ("unshare", "--map-root-user", "--mount", "sh", "-c", MOUNT, "sh")


@dataclass(frozen=True, slots=True)
class SmallDisk:
    """Mounted over `data` in a namespace of its own, which lives as long as process `pid`."""

    pid: int
    data: Path

    @property
    def serve(self) -> tuple[str, ...]:
        """A program for `Server` that sees the disk."""
        enter = ("nsenter", "--target", str(self.pid), "--user", "--mount")
        return (*enter, "--preserve-credentials", *TUSLINE_SERVE)

    @property
    def inside(self) -> Path:
        """The data folder as the server sees it."""
        return Path(f"/proc/{self.pid}/root{self.data}")

    def fill(self, *, leave: int = 0) -> None:
        """Take all room but `leave` bytes, as another program would."""
        with (self.inside / "filler").open("ab", buffering=0) as file:
            while (free := self.free() - leave) > 0:
                try:
                    file.write(bytes(min(free, 65536)))
                except OSError:
                    return

    def make_room(self) -> None:
        (self.inside / "filler").unlink()

    def free(self) -> int:
        status = os.statvfs(self.inside)
        return status.f_bavail * status.f_frsize


@contextmanager
def small_disk(data: Path, size: int) -> Generator[SmallDisk]:
    """A disk of `size` bytes on `data`, for as long as the block runs."""
    data.mkdir()
    command = [*HOLD, str(size), str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        try:
            assert holder.stdout.readline() == "mounted\n", "no mount in a user namespace"
            yield SmallDisk(holder.pid, data)
        finally:
            holder.kill()
