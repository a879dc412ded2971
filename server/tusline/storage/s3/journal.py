"""The journal of an upload on S3: what its entries mean, and what it says taken together.

An entry is a line of words; the record keeps them in the order of their commits:

    multipart UPLOAD-ID PART-SIZE       the multipart upload that the parts belong to
    open NUMBER TOKEN                   this part number is about to be sent under this token
    part NUMBER OFFSET SIZE ETAG        a part that is stored
    segment NAME MD5                    bytes too few for a part, as an object (`names.SegmentName`)
    tail NAME MD5                       the same, in Redis
    numbers N                           part numbers below N are used up, and the manifest says so
    original KEY SIZE ETAG              the finished object: nothing else counts any more
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from tusline.storage.s3.names import SegmentName, parse_segment
from tusline.upload import Upload

SEGMENT = "segment"
TAIL = "tail"

UNKNOWN = "-"
"""In the place of an MD5: of a segment that was found, or that Redis keeps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Multipart:
    """A multipart upload; all of its parts but the last have `part_size` bytes."""

    id: str
    part_size: int

    def entry(self) -> str:
        return f"multipart {self.id} {self.part_size}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A part number that may be on its way to the store."""

    number: int
    token: int

    def entry(self) -> str:
        return f"open {self.number} {self.token}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Bytes [offset, offset + size) as a part of the multipart upload."""

    number: int
    offset: int
    size: int
    etag: str

    def entry(self) -> str:
        return f"part {self.number} {self.offset} {self.size} {self.etag}"

    @property
    def end(self) -> int:
        return self.offset + self.size


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A segment that is stored, as an object (SEGMENT) or in Redis (TAIL)."""

    name: SegmentName
    md5: str
    kind: str = SEGMENT

    def entry(self) -> str:
        return f"{self.kind} {self.name} {self.md5}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """The finished object."""

    key: str
    size: int
    etag: str

    def entry(self) -> str:
        return f"original {self.key} {self.size} {self.etag}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """What the entries say together. Parts and then segments hold the upload's bytes without a
    gap, from the first one to the record's offset, unless there is the `original`."""

    entries: tuple[str, ...] = ()
    multipart: Multipart | None = None
    parts: tuple[Part, ...] = ()
    segments: tuple[Segment, ...] = ()
    opened: tuple[Opened, ...] = ()
    used_up: int = 1
    original: Original | None = None

    @classmethod
    def of(cls, upload: Upload) -> Self:
        """Raises ValueError for an entry that no version of ours has written."""
        return cls.read(upload.journal)

    @classmethod
    def read(cls, entries: Iterable[str]) -> Self:
        found = _Found()
        for entry in entries:
            found.take(entry)
        return cls(
            entries=tuple(entries),
            multipart=found.multipart,
            parts=tuple(sorted(found.parts, key=lambda part: part.offset)),
            segments=tuple(sorted(found.segments, key=lambda segment: segment.name.offset)),
            opened=tuple(found.opened),
            used_up=found.used_up,
            original=found.original,
        )

    @property
    def next_number(self) -> int:
        """The lowest part number that nobody has used."""
        used = [part.number for part in self.parts] + [opened.number for opened in self.opened]
        return max([self.used_up, *(number + 1 for number in used)])

    @property
    def parts_end(self) -> int:
        """How many of the upload's first bytes are in parts."""
        return self.parts[-1].end if self.parts else 0


@dataclass(slots=True)
class _Found:
    multipart: Multipart | None = None
    parts: list[Part] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    opened: list[Opened] = field(default_factory=list)
    used_up: int = 1
    original: Original | None = None

    def take(self, entry: str) -> None:
        match entry.split(" "):
            case ["multipart", id, part_size]:
                self.multipart = Multipart(id=id, part_size=int(part_size))
            case ["open", number, token]:
                self.opened.append(Opened(number=int(number), token=int(token)))
            case ["part", number, offset, size, etag]:
                self.parts.append(
                    Part(number=int(number), offset=int(offset), size=int(size), etag=etag)
                )
            case [("segment" | "tail") as kind, name, md5]:
                self.segments.append(Segment(name=parse_segment(name), md5=md5, kind=kind))
            case ["numbers", used_up]:
                self.used_up = max(self.used_up, int(used_up))
            case ["original", key, size, etag]:
                self.original = Original(key=key, size=int(size), etag=etag)
            case _:
                raise ValueError(f"unknown journal entry {entry!r}")


def numbers_entry(used_up: int) -> str:
    return f"numbers {used_up}"
