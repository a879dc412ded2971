"""The data folder: made, checked, and locked, for one process or for several of a deployment."""

import os
from contextlib import suppress

from tusline.errors import ConfigurationError
from tusline.storage.disk import files, scratch
from tusline.storage.disk.layout import Layout

OF_SYSTEMS = frozenset({"lost+found"})
"""What a fresh disk may hold."""


class Folder:
    """Holds the folder's lock from `open` to `close`; a killed process lets go of it by dying.

    With `shared` others may have the folder, too, if they share it: their records are elsewhere.
    """

    def __init__(self, layout: Layout, *, shared: bool = False) -> None:
        self.layout = layout
        self._shared = shared
        self._descriptor = -1

    def open(self) -> None:
        """Raises ConfigurationError when the folder cannot be used or another process has it."""
        try:
            if not self.layout.root.exists():
                files.make_folder(self.layout.root.absolute())
                self.layout.root.chmod(0o700)  # names and photos of people
            self._must_be_ours()
            self._descriptor = self._locked()
            try:
                os.ftruncate(self._descriptor, 0)
                os.pwrite(self._descriptor, str(os.getpid()).encode(), 0)
                scratch.clear(self.layout.scratch, older=scratch.STALE if self._shared else 0)
            except BaseException:
                self.close()
                raise
        except OSError as error:
            raise ConfigurationError(
                f"the data folder {self.layout.root} cannot be used: {error.strerror}"
            ) from error

    def _must_be_ours(self) -> None:
        """Raises ConfigurationError for a folder of somebody else's files: some of their names
        might be ours, and `scratch` is emptied."""
        if self.layout.lock.exists() or self.layout.records.exists():
            return
        for path in self.layout.root.iterdir():
            if not path.name.startswith(".") and path.name not in OF_SYSTEMS:
                raise ConfigurationError(
                    f"{self.layout.root.absolute()} is no data folder of tusline, and not empty: "
                    f"it holds {path.name}. Give a new or an empty one (--data, TUSLINE_DATA)"
                )

    def _locked(self) -> int:
        """A descriptor that has the lock. One that we have from another `open` keeps it."""
        descriptor = os.open(self.layout.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
        try:
            if not files.try_lock(descriptor, shared=self._shared):
                raise ConfigurationError(
                    f"{self.layout.root} is in use by {_holder(descriptor)}: stop that process, or "
                    "give this one another folder (--data, TUSLINE_DATA)"
                )
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def close(self) -> None:
        if self._descriptor >= 0:
            with suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = -1


def _holder(descriptor: int) -> str:
    number = os.pread(descriptor, 32, 0).decode("ascii", "replace")
    return f"process {number}" if number else "another process"
