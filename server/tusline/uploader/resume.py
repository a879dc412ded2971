"""Where upload URLs are remembered from one run to the next: one JSON file, shared by all runs."""

import fcntl
import hashlib
import json
import os
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tusline.interfaces import Clock

MAX_ENTRIES = 1000
MAX_AGE = 7 * 86400.0
"""Seconds after which an upload is forgotten: the server keeps an unfinished one for a day."""

MAX_FILE_BYTES = 4 * 1024 * 1024
"""A larger memory was not written by us; it is taken as empty."""

UNREADABLE = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    OverflowError,
    RecursionError,
)
"""What reading a memory can raise that was not written by us."""

EDIT_BYTE = 0
CLAIM_BITS = 60


class InUse(Exception):
    """Another run is sending this file to this server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One unfinished upload: where it is, whose it is, when it was last used (epoch seconds)."""

    url: str
    path: str
    used: float


class ResumeStore:
    """Upload URLs by file fingerprint and server. Safe against other runs and other threads.

    Locks are byte ranges of one lock file: byte 0 for editing, one byte for each upload being
    sent. The kernel drops them when the process ends, however it ends.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        """Creates the folder. Raises OSError."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path = folder / "uploads.json"
        self._clock = clock
        self._lock = os.open(folder / "uploads.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._editing = threading.Lock()
        self._claimed: set[str] = set()

    def close(self) -> None:
        """Let go of every lock."""
        os.close(self._lock)

    def find(self, key: str) -> str | None:
        """The URL remembered under a key, if there is one."""
        with self._edit() as entries:
            entry = entries.get(key)
            if entry is None:
                return None
            entries[key] = Entry(url=entry.url, path=entry.path, used=self._clock.now())
            return entry.url

    def remember(self, key: str, url: str, path: Path) -> None:
        with self._edit() as entries:
            entries[key] = Entry(
                url=url, path=str(path).encode(errors="replace").decode(), used=self._clock.now()
            )

    def forget(self, *keys: str) -> None:
        with self._edit() as entries:
            for key in keys:
                entries.pop(key, None)

    @contextmanager
    def claim(self, key: str) -> Generator[None]:
        """Hold the right to send the upload of a key. Raises InUse at once if it is taken."""
        place = 1 + int(key[: CLAIM_BITS // 4], 16)
        with self._editing:
            if key in self._claimed:  # locks of one process do not exclude its own threads
                raise InUse
            try:
                fcntl.lockf(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
            except OSError as error:
                raise InUse from error
            self._claimed.add(key)
        try:
            yield
        finally:
            with self._editing:
                self._claimed.discard(key)
                fcntl.lockf(self._lock, fcntl.LOCK_UN, 1, place)

    @contextmanager
    def _edit(self) -> Generator[dict[str, Entry]]:
        """The entries, to be changed in place; written back atomically if they did change."""
        with self._editing:
            fcntl.lockf(self._lock, fcntl.LOCK_EX, 1, EDIT_BYTE)
            try:
                before = self._read()
                entries = dict(before)
                yield entries
                if entries != before:
                    self._write(entries)
            finally:
                fcntl.lockf(self._lock, fcntl.LOCK_UN, 1, EDIT_BYTE)

    def _read(self) -> dict[str, Entry]:
        try:
            if self._path.stat().st_size > MAX_FILE_BYTES:
                return {}
            found = json.loads(self._path.read_bytes())
            return {key: _entry(value) for key, value in found["uploads"].items()}
        except UNREADABLE:
            return {}  # no memory, or one that nobody can read: uploads start anew

    def _write(self, entries: dict[str, Entry]) -> None:
        newest = sorted(entries.items(), key=lambda item: item[1].used, reverse=True)[:MAX_ENTRIES]
        oldest = self._clock.now() - MAX_AGE
        kept = {key: asdict(entry) for key, entry in newest if entry.used > oldest}
        draft = self._path.with_suffix(".draft")
        with open(draft, "w", opener=_private) as out:
            json.dump({"schema": 1, "uploads": kept}, out, indent=1)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(self._path)


def key(fingerprint: str, endpoint: str) -> str:
    """The key of a file on a server: a hex digest."""
    return hashlib.sha256(f"{fingerprint} {endpoint}".encode()).hexdigest()


def state_folder() -> Path:
    """Where a user's programs keep such things (XDG_STATE_HOME, else ~/.local/state)."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "tusline"


def _entry(value: Any) -> Entry:
    return Entry(url=str(value["url"]), path=str(value["path"]), used=float(value["used"]))


def _private(path: str, flags: int) -> int:
    """Open for this user alone: who knows an upload's URL may write to it."""
    return os.open(path, flags, 0o600)
