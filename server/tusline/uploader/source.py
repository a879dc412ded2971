"""A local file as something to upload: what identifies it and what is said of it."""

import hashlib
import json
import mimetypes
import os
from dataclasses import dataclass
from pathlib import Path

from tusline.uploader.words import printable

FINGERPRINT_BYTES = 64 * 1024
"""How much of a file's beginning goes into its fingerprint."""

READ_BYTES = 1024 * 1024

TYPES = mimetypes.MimeTypes()
for _type, _suffix in (
    ("image/avif", ".avif"),  # Python's own table has these only from 3.13 on
    ("image/heic", ".heic"),
    ("image/heif", ".heif"),
    ("image/webp", ".webp"),
):
    TYPES.add_type(_type, _suffix)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file as it was when the upload began. `size` is in bytes, `path` is absolute."""

    path: Path
    size: int
    fingerprint: str

    @property
    def name(self) -> str:
        """The file's name as text that UTF-8 can carry."""
        return os.fsencode(self.path.name).decode("utf-8", "replace")

    @property
    def label(self) -> str:
        """The name as it may be shown on a terminal."""
        return printable(self.name)

    @property
    def metadata(self) -> dict[str, str]:
        """What a creation says of the file."""
        kind, _ = TYPES.guess_type(self.path.name)
        return {"filename": self.name} | ({"filetype": kind} if kind else {})

    def sha256(self) -> str:
        """The hex digest of the file as it is now. Raises OSError."""
        digest = hashlib.sha256()
        with self.path.open("rb") as stream:
            while data := stream.read(READ_BYTES):
                digest.update(data)
        return digest.hexdigest()


def examine(path: Path) -> Source:
    """Look at a file: path, size, time of change and beginning make its fingerprint.

    Raises OSError.
    """
    path = path.resolve()
    with path.open("rb") as stream:
        facts = os.fstat(stream.fileno())
        beginning = hashlib.sha256(stream.read(FINGERPRINT_BYTES)).hexdigest()
    marks = [os.fsencode(path).hex(), facts.st_size, facts.st_mtime_ns, beginning]
    fingerprint = hashlib.sha256(json.dumps(marks).encode()).hexdigest()
    return Source(path=path, size=facts.st_size, fingerprint=fingerprint)
