"""What of an upload the store can prove without its record: pure decisions.

Acknowledged bytes are in parts and segments that some journal named. When the journal is lost, or
an old one came back, they have to be told from those that a stale writer has left, or leaves yet:

- The manifest names what counted when its writer began, and that writer's token: of older tokens
  nothing else counts, whenever it arrives.
- Part numbers are used once and in order, so the parts that are there without a gap, from the first
  number on that the manifest does not call used up, are the upload's next bytes.
- A writer begins at the offset that was committed: so what lies at or beyond the place where a
  newer one has begun was never committed.
- Bytes whose checksum was still to come count if somebody has begun behind them.
- A finished object that a writer has made is the upload unless a newer one has begun before its
  end; one that was made of parts that a journal names always is.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tusline.storage.s3.journal import TAIL, Journal, Original, Part, Segment, numbers_entry
from tusline.storage.s3.names import SegmentName, token_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What was found. `noted` are the journals that there are: the manifest's, and what the records
    still have. `token` is the manifest's. `parts` are the multipart upload's as (number, size,
    ETag), `segments` all that are stored, in the bucket and in the tail, `originals` objects with
    all bytes of the upload. `joined`: what the parts became when the upload was made a member."""

    noted: Sequence[Journal]
    token: int
    parts: Sequence[tuple[int, int, str]]
    segments: Sequence[Segment]
    originals: Sequence[Original]
    joined: Original | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """The upload's journal and its offset; the segments in it, or the object that is all of it."""

    journal: tuple[str, ...]
    offset: int
    segments: tuple[Segment, ...] = ()
    whole: Original | None = None


def prove(evidence: Evidence, *, ahead: int) -> Proven:
    """`ahead` is how many part numbers a writer may have under way: so many are skipped."""
    whole = _whole(evidence)
    if whole is not None:
        return Proven(journal=(whole.entry(),), offset=whole.size, whole=whole)
    parts = _parts(evidence)
    end = parts[-1].end if parts else 0
    segments = _chain(end, evidence)
    journal = [journal.multipart.entry() for journal in evidence.noted if journal.multipart][:1]
    journal += [part.entry() for part in parts]
    journal += [segment.entry() for segment in segments]
    if journal:
        journal.append(numbers_entry(_highest(evidence) + 1 + ahead))
    offset = segments[-1].name.end if segments else end
    return Proven(journal=tuple(journal), offset=offset, segments=tuple(segments))


def _whole(evidence: Evidence) -> Original | None:
    """The finished object: the one that a journal names, else the newest that counts."""
    named = {noted.original.key for noted in evidence.noted if noted.original is not None}
    begun = _beginnings(segment.name for segment in evidence.segments)

    def counts(original: Original) -> bool:
        token = token_of(original.key)
        newer = [offset for other, offset in begun.items() if token is not None and other > token]
        return all(offset >= original.size for offset in newer)

    found = [one for one in evidence.originals if one.key in named or counts(one)]
    return max(found, key=lambda one: (one.key in named, token_of(one.key) or 0), default=None)


def _highest(evidence: Evidence) -> int:
    noted = [journal.next_number - 1 for journal in evidence.noted]
    return max([0, *noted, *(number for number, _, _ in evidence.parts)])


def _parts(evidence: Evidence) -> list[Part]:
    """Those that a journal names, and those that follow without a gap."""
    if (joined := evidence.joined) is not None:
        return [Part(number=1, offset=0, size=joined.size, etag=joined.etag)]
    named = {part.number: part for journal in evidence.noted for part in journal.parts}
    found = sorted(named.values(), key=lambda part: part.offset)
    multipart = next((noted.multipart for noted in evidence.noted if noted.multipart), None)
    if multipart is None:
        return found
    stored = {number: (size, etag) for number, size, etag in evidence.parts}
    number = max([1, *(noted.used_up for noted in evidence.noted), *(n + 1 for n in named)])
    full = all(part.size == multipart.part_size for part in found)
    while full and number in stored:
        size, etag = stored[number]
        offset = found[-1].end if found else 0
        found.append(Part(number=number, offset=offset, size=size, etag=etag))
        full = size == multipart.part_size
        number += 1
    return found


def _chain(start: int, evidence: Evidence) -> list[Segment]:
    """Segments that go on from `start` without a gap, and count."""
    there = {str(s.name) for s in evidence.segments}
    noted = [s for journal in evidence.noted for s in journal.segments]
    named = {str(s.name): s for s in noted if s.kind != TAIL or str(s.name) in there}
    stored = [s for s in evidence.segments if s.name.token >= evidence.token]
    begun = _beginnings(s.name for s in stored)
    # A part does not tell where its writer began: so what a stale one has left across its end is
    # told by that alone. Writers end their segments where parts end.
    counting = [
        s for s in stored if _counts(s.name, begun) and not s.name.offset < start < s.name.end
    ]
    chain: list[Segment] = []
    while (following := _following(start, named, counting)) is not None:
        chain.append(following)
        start = following.name.end
    return chain


def _following(
    at: int, named: Mapping[str, Segment], counting: Iterable[Segment]
) -> Segment | None:
    """The segment with the byte at `at`: one that a journal names, else the newest."""
    there = [s for s in (*named.values(), *counting) if s.name.offset <= at < s.name.end]
    return max(there, key=lambda s: (str(s.name) in named, s.name.token), default=None)


def _beginnings(names: Iterable[SegmentName]) -> dict[int, int]:
    """Where the writer of each token began, as far as there are segments of it."""
    return {name.token: name.begun for name in names}


def _counts(name: SegmentName, begun: dict[int, int]) -> bool:
    newer = [offset for token, offset in begun.items() if token > name.token]
    if any(offset < name.end for offset in newer):
        return False
    return bool(newer) if name.unverified else True
