"""A disk that remembers: every effect of the store in order, and what a power cut would leave.

The store's effects all go through `storage/disk/files.py`, whose `os` is replaced; the records are
taken as SQLite promises them: a group that was committed is on disk. From the log a data folder is
built as it may look after a cut at any point. What was synced is there; of the rest nothing, all,
or a random part: each unsynced write, or some of its pages, each unsynced name.
"""

import os
import random
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tusline.records.sqlite import thread as sqlite_thread
from tusline.storage.disk import files

PAGE = 4096
"""Bytes that reach a disk together, or not."""

TOP = Path(".")

Keep = Callable[[], bool]
"""Whether an effect that was not synced is on the disk all the same."""


@dataclass(frozen=True, slots=True)
class Data:
    """Bytes written into a file, or (`data` None) its end moved to `at`."""

    file: int
    at: int
    data: bytes | None


@dataclass(frozen=True, slots=True)
class Name:
    """A change of names: `old` (if any) is gone, `new` (if any) names the file, or a folder
    (`file` 0)."""

    file: int
    old: Path | None
    new: Path | None

    def folders(self) -> set[Path]:
        return {path.parent for path in (self.old, self.new) if path is not None}


@dataclass(frozen=True, slots=True)
class Synced:
    """A file's bytes (`file`), or the names in a folder, are on the disk."""

    file: int | None = None
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class Commit:
    """The records as they are from here on."""

    image: bytes


@dataclass(frozen=True, slots=True)
class Said:
    """Something that a client was told, or saw."""

    what: str
    value: Any = None


Effect = Data | Name | Synced | Commit | Said


@dataclass(slots=True)
class Disk:
    """The log. `root` is the data folder, below which names are kept relative."""

    root: Path
    log: list[Effect] = field(default_factory=list)
    _names: dict[Path, int] = field(default_factory=dict)
    _open: dict[int, tuple[int, Path]] = field(default_factory=dict)
    _files: int = 0
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def say(self, what: str, value: Any = None) -> None:
        self.log.append(Said(what, value))

    def adopt(self) -> None:
        """Take what lies in the folder as being on the disk."""
        for path in sorted(self.root.rglob("*")):
            if path.is_file() and path.parent != self.root:
                file = self._named(path)
                self.log += [Data(file, 0, path.read_bytes()), Synced(file=file)]
            elif path.is_dir():
                self.log.append(Name(0, None, self._relative(path)))
        folders = {path.parent for path in self.root.rglob("*")}
        self.log += [Synced(folder=self._relative(folder)) for folder in folders]
        records = self.root / "records.db"
        if records.exists():
            self.log.append(Commit(records.read_bytes()))

    def _named(self, path: Path) -> int:
        self._files += 1
        self._names[self._relative(path)] = self._files
        self.log.append(Name(self._files, None, self._relative(path)))
        return self._files

    # --- the effects, as `os` has them -------------------------------------------------------

    def open(self, path: Path, flags: int, mode: int = 0o777) -> int:
        with self._lock:
            new = flags & os.O_CREAT and not path.exists()
            descriptor = os.open(path, flags, mode)
            name = self._relative(path)
            if new:
                self._named(path)
            elif flags & os.O_TRUNC:
                self.log.append(Data(self._names[name], 0, None))
            self._open[descriptor] = (self._names.get(name, 0), name)
            return descriptor

    def pwrite(self, descriptor: int, data: memoryview, at: int) -> int:
        with self._lock:
            written = os.pwrite(descriptor, data, at)
            self.log.append(Data(self._open[descriptor][0], at, bytes(data[:written])))
            return written

    def copy_file_range(self, source: int, target: int, size: int) -> int:
        with self._lock:
            data = os.read(source, size)
            at = os.lseek(target, 0, os.SEEK_CUR)
            os.write(target, data)
            self.log.append(Data(self._open[target][0], at, data))
            return len(data)

    def ftruncate(self, descriptor: int, size: int) -> None:
        with self._lock:
            os.ftruncate(descriptor, size)
            self.log.append(Data(self._open[descriptor][0], size, None))

    def fsync(self, descriptor: int) -> None:
        with self._lock:
            file, name = self._open[descriptor]
            self.log.append(Synced(file=file) if file else Synced(folder=name))

    fdatasync = fsync

    def rename(self, old: Path, new: Path) -> None:
        with self._lock:
            os.rename(old, new)
            before, after = self._relative(old), self._relative(new)
            self._names[after] = self._names.pop(before)
            self.log.append(Name(self._names[after], before, after))

    def unlink(self, path: Path) -> None:
        with self._lock:
            os.unlink(path)
            name = self._relative(path)
            self.log.append(Name(self._names.pop(name, 0), name, None))

    def mkdir(self, path: Path) -> None:
        with self._lock:
            os.mkdir(path)
            self.log.append(Name(0, None, self._relative(path)))

    def rmdir(self, path: Path) -> None:
        with self._lock:
            os.rmdir(path)
            self.log.append(Name(0, self._relative(path), None))

    def _relative(self, path: Path) -> Path:
        return Path(os.path.relpath(path, self.root))


@contextmanager
def recorded(root: Path) -> Iterator[Disk]:
    """Record the effects on a data folder, which nobody has open, while the block runs."""
    disk = Disk(root)
    disk.adopt()
    run_group = sqlite_thread._run_group

    def committing(connection: sqlite3.Connection, group: list[Any]) -> None:
        before = connection.total_changes
        run_group(connection, group)
        if connection.total_changes != before:
            with disk._lock:
                disk.log.append(Commit(connection.serialize()))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "os", disk)
        patch.setattr(sqlite_thread, "_run_group", committing)
        yield disk


# --- what is left -----------------------------------------------------------------------------


def nothing() -> bool:
    """Only what was synced."""
    return False


def everything() -> bool:
    """All that was written, as if the kernel had been quick."""
    return True


def some(dice: random.Random) -> Keep:
    """A random part."""
    return lambda: dice.random() < 0.5


def build(log: list[Effect], target: Path, keep: Keep) -> None:
    """The data folder as it may look when the power is cut after `log`."""
    names: dict[Path, int] = {}
    for at, effect in enumerate(log):
        if isinstance(effect, Name) and (_name_synced(log, at, effect) or keep()):
            _rename(names, effect)
    contents = {file: _content(log, file, keep) for file in names.values() if file}
    target.mkdir()
    for name in sorted(names):
        if names[name]:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes(contents[names[name]])
        else:
            (target / name).mkdir(parents=True, exist_ok=True)
    image = next((e.image for e in reversed(log) if isinstance(e, Commit)), None)
    if image is not None:
        (target / "records.db").write_bytes(image)


def _name_synced(log: list[Effect], at: int, change: Name) -> bool:
    """A rename is one step of the file system: either folder's sync makes both ends of it last."""
    folders = change.folders()
    return any(isinstance(e, Synced) and e.folder in folders for e in log[at:])


def _rename(names: dict[Path, int], change: Name) -> None:
    if change.old is not None and change.new is not None and change.old not in names:
        return  # its creation is lost, and the file with it
    if change.old is not None:
        names.pop(change.old, None)
    if change.new is not None and (change.new.parent in names or change.new.parent == TOP):
        names[change.new] = change.file


def _content(log: list[Effect], file: int, keep: Keep) -> bytes:
    synced = max(
        (at for at, e in enumerate(log) if isinstance(e, Synced) and e.file == file), default=-1
    )
    content = bytearray()
    for at, effect in enumerate(log):
        if not isinstance(effect, Data) or effect.file != file:
            continue
        if effect.data is None:
            if at < synced or keep():
                _resize(content, effect.at)
            continue
        for begin in range(0, len(effect.data), PAGE):
            if at < synced or keep():
                page = effect.data[begin : begin + PAGE]
                place = effect.at + begin
                _resize(content, max(len(content), place + len(page)))
                content[place : place + len(page)] = page
    return bytes(content)


def _resize(content: bytearray, size: int) -> None:
    del content[size:]
    content.extend(bytes(size - len(content)))
