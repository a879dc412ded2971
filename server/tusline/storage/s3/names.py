"""The names of all objects: everything of an upload lies below one prefix of its own."""

import re
import secrets
from dataclasses import dataclass

from tusline.upload import Upload, UploadId

UPLOADS = "uploads/"

_SEGMENT = re.compile(r"(\d{15})-(\d{16})-([0-9a-f]{8})(-u)?-(\d+)-(\d+)", re.ASCII)
_SMALL = re.compile(r"/original-(\d+)-[0-9a-f]{8}$", re.ASCII)


def folder(id: UploadId) -> str:
    return f"{UPLOADS}{id}/"


def owner_of(key: str) -> UploadId:
    """The upload that an object, or a folder of `folder`, belongs to."""
    return UploadId(key.removeprefix(UPLOADS).partition("/")[0])


def manifests(id: UploadId) -> str:
    """What the names of an upload's manifests begin with."""
    return f"{folder(id)}manifest-"


def manifest(id: UploadId, token: int, number: int = 0) -> str:
    """Each token has its own, and each of these is written once: the newest counts, whenever an
    older one arrives."""
    return f"{manifests(id)}{token:016d}-{number:04d}.json"


def segments(id: UploadId) -> str:
    """What the names of an upload's segments begin with."""
    return f"{folder(id)}segments/"


def large_original(id: UploadId) -> str:
    """Where a multipart upload puts its object. One name is enough: it is made by one completion,
    of parts that are the journal's."""
    return f"{folder(id)}original"


def small_original(id: UploadId, token: int) -> str:
    """Where an original is put in one piece: a name of its own for each attempt, so that a stale
    writer cannot replace what its successor has stored (I4)."""
    return f"{folder(id)}original-{token}-{nonce()}"


def token_of(original: str) -> int | None:
    """The token under which a small original was put; None for a large one."""
    match = _SMALL.search(original)
    return int(match[1]) if match else None


def variant(upload: Upload, name: str) -> str:
    return f"{folder(upload.id)}variants/{name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentName:
    """Bytes [offset, offset + size) of an upload, stored under one fencing token by a writer that
    had `begun` at that offset: so many bytes were committed then. `unverified`: the checksum of
    these was still to come, so that only the journal can say whether they count."""

    offset: int
    token: int
    nonce: str
    size: int
    begun: int
    unverified: bool = False

    def __str__(self) -> str:
        mark = "-u" if self.unverified else ""
        return f"{self.offset:015d}-{self.token:016d}-{self.nonce}{mark}-{self.size}-{self.begun}"

    @property
    def end(self) -> int:
        return self.offset + self.size


def nonce() -> str:
    """Makes a name one that nothing has had."""
    return secrets.token_hex(4)


def parse_segment(text: str) -> SegmentName:
    """Raises ValueError for what is no segment's name."""
    match = _SEGMENT.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not the name of a segment")
    offset, token, nonce, mark, size, begun = match.groups()
    return SegmentName(
        offset=int(offset),
        token=int(token),
        nonce=nonce,
        size=int(size),
        begun=int(begun),
        unverified=bool(mark),
    )
