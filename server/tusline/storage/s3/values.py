"""What goes in and out of a bucket, in our own words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketOptions:
    """Which bucket, and how to talk to it. Credentials are where boto3 looks for them.

    `prefix` goes before every key. `path_style` None: as the endpoint suggests (virtual hosts at
    AWS, paths elsewhere). `checksums` off: no Content-MD5 goes with bodies. `attempts` is how often
    a call is tried. Seconds: `connect` until a connection stands, and until the store has taken
    each block of a body; `silence` without an answer or its next bytes, after which an attempt is
    given up; `total` for a call with all its attempts; `long` for both, of calls during which the
    store copies or deletes.
    """

    bucket: str
    endpoint: str | None = None
    prefix: str = ""
    region: str | None = None
    path_style: bool | None = None
    checksums: bool = True
    threads: int = 16
    attempts: int = 4
    connect: float = 5
    silence: float = 8
    total: float = 20
    long: float = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSlice:
    """`size` bytes of a local file from `start` on, read while they are sent. With `md5` (hex) they
    are checked first."""

    path: Path
    start: int
    size: int
    md5: str | None = None


Content = bytes | Sequence[bytes | FileSlice]
"""A body: bytes, or pieces that are sent one after the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What a store is to tell those who get an object: headers of its answers."""

    content_type: str | None = None
    cache_control: str | None = None
    content_disposition: str | None = None


PLAIN = Kind()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What was sent and stored: bytes, the store's ETag, the MD5 of the bytes in hex."""

    size: int
    etag: str
    md5: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """An object without its bytes."""

    size: int
    etag: str
    content_type: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """An object in a listing."""

    key: str
    size: int
    etag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """A page of objects in the order of their keys, and where to go on: "" at the end."""

    found: tuple[Listed, ...]
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """A page of folders, each name with its slash at the end, and where to go on."""

    found: tuple[str, ...]
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a multipart upload, as the store has it."""

    number: int
    size: int
    etag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Multipart:
    """A multipart upload that is neither completed nor aborted."""

    key: str
    upload_id: str
    begun: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Multiparts:
    """A page of multipart uploads, and where to go on: "" at the end."""

    found: tuple[Multipart, ...]
    after: str
