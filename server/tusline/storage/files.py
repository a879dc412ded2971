"""Small durable steps on a POSIX file system."""

import errno
import fcntl
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tusline.errors import StoreFull, StoreUnavailable

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

NO_RANGES = frozenset({errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP})
"""What file systems say that cannot copy ranges."""


def store_error(error: OSError) -> StoreFull | StoreUnavailable:
    """Our refusal for what the file system said."""
    if error.errno in FULL:
        return StoreFull("the disk is full; what was stored is kept", retry_after=60)
    return StoreUnavailable(f"the disk failed: {error.strerror}", retry_after=5)


def try_lock(descriptor: int) -> bool:
    """Take the advisory lock of an open file, unless another open file holds it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def write_all(descriptor: int, data: memoryview, at: int) -> None:
    """pwrite until everything is written: the kernel may take less than it was given."""
    while data:
        written = os.pwrite(descriptor, data, at)
        data, at = data[written:], at + written


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Create a folder and its parents, each synced into its own parent."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir()
    sync_folder(folder.parent)


def join(target: Path, pieces: list[tuple[Path, int]]) -> None:
    """Write the first n bytes of each piece into a new file, one after the other."""
    with target.open("wb") as out:
        for source, size in pieces:
            with source.open("rb") as piece:
                _copy(piece.fileno(), out.fileno(), size)


def _copy(source: int, target: int, size: int) -> None:
    """The kernel copies, by sharing extents where the file system can (reflinks)."""
    step: Callable[[int, int, int], int] = os.copy_file_range
    while size:
        try:
            copied = step(source, target, size)
        except OSError as error:
            if error.errno not in NO_RANGES or step is _send:
                raise
            step = _send
            continue
        if not copied:
            raise StoreUnavailable(f"a file is {size} bytes short")
        size -= copied


def _send(source: int, target: int, size: int) -> int:
    return os.sendfile(target, source, None, size)


def place(source: Path, target: Path, size: int | None = None) -> None:
    """Sync a file, cut it to `size`, and give it its final name, safe against a power cut.

    Raises StoreUnavailable when it is shorter than that: bytes are never made up.
    """
    with source.open("rb+") as file:
        if size is not None:
            if os.fstat(file.fileno()).st_size < size:
                raise StoreUnavailable("the file is shorter than the upload")
            file.truncate(size)
        os.fsync(file.fileno())
    make_folder(target.parent)
    source.rename(target)
    sync_folder(target.parent)
    if source.parent != target.parent:
        sync_folder(source.parent)


def remove(path: Path) -> None:
    """Delete a file or a folder with all it holds; no matter if it is gone."""
    if path.is_dir():
        with suppress(FileNotFoundError):
            shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
