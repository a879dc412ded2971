"""The folder for temporary files, in which a process that is killed leaves what it had."""

import time
from contextlib import suppress
from pathlib import Path

from tusline.storage.disk import files

STALE = 3600.0
"""Seconds after which a temporary file is nobody's any more: no job takes that long."""


def clear(folder: Path, *, older: float = STALE) -> None:
    """Make the folder, and remove what was last touched so many seconds ago, or (0) whatever there
    is. Raises OSError."""
    if not older:
        files.remove(folder)
    files.make_folder(folder.absolute())
    for entry in list(folder.iterdir()):
        with suppress(FileNotFoundError):  # another process was faster
            if time.time() - entry.stat().st_mtime > older:
                files.remove(entry)
