"""Small durable steps on a POSIX file system: the only place that changes anything on the disk.

Every effect goes through this module's `os`, so that a test can record each one, cut the power
after it, and see what is left.
"""

import errno
import fcntl
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tusline.errors import BytesLost, StoreFull, StoreUnavailable

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

NO_RANGES = frozenset({errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM})
"""What file systems say that cannot copy ranges, and sandboxes that do not let us."""


SHELVES = 2
"""Levels of folders that many uploads share: `uploads` and `uploads/<xx>`."""

_lasting: set[Path] = set()
"""Folders of those levels whose own names this process has synced, so that it need not again."""


class SyncFailed(BytesLost):
    """What was to be synced may be gone, though it can still be read."""


def store_error(error: OSError) -> StoreFull | StoreUnavailable:
    """Our refusal for what the file system said."""
    if error.errno in FULL:
        return StoreFull("the disk is full; what was stored is kept", retry_after=60)
    return StoreUnavailable(f"the disk failed: {error.strerror}", retry_after=5)


def try_lock(descriptor: int, *, shared: bool = False) -> bool:
    """Take the advisory lock of an open file, unless another open file holds it (`shared`: unless
    another holds it alone). One that is held already is changed, perhaps not in one step."""
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def open_locked(path: Path) -> int | None:
    """A descriptor of a file, made if need be, with its lock; None if another has it."""
    make_folder(path.parent)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if try_lock(descriptor):
        return descriptor
    os.close(descriptor)
    return None


def write_all(descriptor: int, data: memoryview, at: int) -> None:
    """pwrite until everything is written: the kernel may take less than it was given."""
    while data:
        written = os.pwrite(descriptor, data, at)
        data, at = data[written:], at + written


def cut(descriptor: int, size: int) -> None:
    """Drop what lies beyond `size`."""
    os.ftruncate(descriptor, size)


def sync_data(descriptor: int) -> None:
    """Make a file's bytes and size survive a power cut.

    Raises SyncFailed: the kernel may have dropped the bytes, and would say that the next sync went
    well.
    """
    try:
        os.fdatasync(descriptor)
    except OSError as error:
        raise SyncFailed(f"a sync failed: {error.strerror}") from error


def sync_file(path: Path) -> None:
    """`sync_data` of a file by its name. Raises BytesLost, also when it is gone, and OSError when
    it cannot be opened."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise BytesLost("the file is gone") from error
    try:
        sync_data(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut. Raises SyncFailed, and OSError when it cannot
    be opened."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        raise SyncFailed(f"a folder's sync failed: {error.strerror}") from error
    finally:
        os.close(descriptor)


def sync_names(folder: Path, top: Path) -> None:
    """`sync_folder`, and the folder's own name, up to the data folder `top`: who made it may have
    died, or failed, before the name was synced."""
    sync_folder(folder)
    while folder != top and folder not in _lasting:
        sync_folder(folder.parent)
        if len(folder.relative_to(top).parts) <= SHELVES:
            _lasting.add(folder)
        folder = folder.parent


def make_folder(folder: Path) -> None:
    """Create a folder and its parents, each synced into its own parent."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    with suppress(FileExistsError):
        os.mkdir(folder)
    sync_folder(folder.parent)


def copy(source: Path, target: int, size: int, *, start: int = 0) -> None:
    """Append `size` bytes of a file, from `start` on, to an open one, where that stands. The
    kernel copies, by sharing extents where the file system can (reflinks). Raises BytesLost when
    the source is shorter: bytes are never made up."""
    descriptor = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    step: Callable[[int, int, int], int] = os.copy_file_range
    try:
        os.lseek(descriptor, start, os.SEEK_SET)
        while size:
            try:
                copied = step(descriptor, target, size)
            except OSError as error:
                if error.errno not in NO_RANGES or step is _send:
                    raise
                step = _send
                continue
            if not copied:
                raise BytesLost(f"a file is {size} bytes short")
            size -= copied
    finally:
        os.close(descriptor)


def _send(source: int, target: int, size: int) -> int:
    return os.sendfile(target, source, None, size)


def join(target: Path, pieces: list[tuple[Path, int]]) -> None:
    """Write the first n bytes of each piece into a new file, one after the other. What fails
    leaves no file: on a full disk, half a copy after each attempt would make things worse."""
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        for source, size in pieces:
            copy(source, descriptor, size)
    except BaseException:
        remove(target)
        raise
    finally:
        os.close(descriptor)


def place(source: Path, target: Path, top: Path, *, size: int | None = None) -> None:
    """Cut a file to `size`, sync it, and give it its final name below the data folder `top`, safe
    against a power cut.

    Raises BytesLost when it is shorter than that: bytes are never made up.
    """
    descriptor = os.open(source, os.O_RDWR | os.O_CLOEXEC)
    try:
        found = os.fstat(descriptor).st_size
        if size is not None and found < size:
            raise BytesLost("the file is shorter than the upload")
        if size is not None and found > size:
            cut(descriptor, size)
        sync_data(descriptor)
    finally:
        os.close(descriptor)
    make_folder(target.parent)
    os.rename(source, target)
    sync_names(target.parent, top)
    if source.parent != target.parent:
        sync_folder(source.parent)


def remove(path: Path) -> bool:
    """Delete a file, or a folder with all it holds; whether there was one."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return False
    except (IsADirectoryError, PermissionError):  # the second is what POSIX says of folders
        if not path.is_dir():
            raise
        for entry in list(path.iterdir()):
            remove(entry)
        with suppress(FileNotFoundError):
            os.rmdir(path)
    return True


def remove_all(paths: list[Path]) -> None:
    """Delete files and folders so that no power cut brings them back."""
    gone = [path for path in paths if remove(path)]
    for folder in {path.parent for path in gone}:
        sync_folder(folder)
