"""What the store proves without the record: told from what stale writers have left."""

from dataclasses import dataclass, replace

from hypothesis import given
from hypothesis import strategies as st

from tusline.storage.s3.journal import (
    TAIL,
    Journal,
    Multipart,
    Opened,
    Original,
    Part,
    Segment,
    numbers_entry,
)
from tusline.storage.s3.names import SegmentName
from tusline.storage.s3.proof import Evidence, Proven, prove

SIZE = 10
MULTIPART = Multipart(id="m", part_size=SIZE)
FOLDER = "uploads/upload-0000000000"


def segment(
    token: int, offset: int, end: int, *, begun: int | None = None, **more: bool
) -> Segment:
    name = SegmentName(
        offset=offset,
        token=token,
        nonce="0" * 8,
        size=end - offset,
        begun=offset if begun is None else begun,
        **more,
    )
    return Segment(name=name, md5="-")


def journal(*entries: Multipart | Opened | Part | Segment | Original | str) -> Journal:
    return Journal.read([one if isinstance(one, str) else one.entry() for one in entries])


def part(number: int, offset: int, size: int = SIZE) -> Part:
    return Part(number=number, offset=offset, size=size, etag=f"etag{number}")


def small(token: int, size: int) -> Original:
    return Original(key=f"{FOLDER}/original-{token}-0011aabb", size=size, etag="e")


def found(
    *segments: Segment,
    noted: Journal | None = None,
    known: Journal | None = None,
    token: int = 0,
    parts: tuple[int, ...] = (),
    originals: tuple[Original, ...] = (),
    last: int = SIZE,
) -> Evidence:
    sizes = dict.fromkeys(parts, SIZE) | ({parts[-1]: last} if parts else {})
    return Evidence(
        noted=[one for one in (noted or journal(), known) if one is not None],
        token=token,
        parts=[(number, sizes[number], f"etag{number}") for number in parts],
        segments=segments,
        originals=originals,
    )


def proven(evidence: Evidence) -> Proven:
    return prove(evidence, ahead=5)


def test_nothing_proves_nothing() -> None:
    assert proven(found()) == Proven(journal=(), offset=0)


def test_parts_and_then_segments_count_as_far_as_there_is_no_gap() -> None:
    evidence = found(
        segment(3, 20, 25),
        segment(3, 25, 29, begun=20),
        segment(3, 30, 33, begun=20),
        noted=journal(MULTIPART),
        parts=(1, 2, 4),
    )
    result = proven(evidence)
    assert (result.offset, len(result.segments)) == (29, 2)
    assert Journal.read(result.journal).next_number == 4 + 1 + 5


def test_parts_that_are_used_up_do_not_count_whenever_they_arrive() -> None:
    noted = journal(MULTIPART, part(1, 0), numbers_entry(4))
    assert proven(found(noted=noted, parts=(1, 2, 3))).offset == 10
    assert proven(found(noted=noted, parts=(1, 2, 3, 4))).offset == 20


def test_no_part_comes_behind_one_that_is_not_full() -> None:
    assert proven(found(noted=journal(MULTIPART), parts=(1, 2), last=7)).offset == 17
    short = journal(MULTIPART, part(1, 0, 7))
    assert proven(found(noted=short, parts=(1, 2))).offset == 7


def test_a_segment_of_an_older_token_than_the_manifest_counts_if_that_names_it() -> None:
    old = segment(3, 0, 5)
    assert proven(found(old, token=4)).offset == 0
    assert proven(found(old, token=4, noted=journal(old))).offset == 5


def test_what_lies_where_a_newer_writer_began_was_never_committed() -> None:
    stale, good = segment(3, 0, 8), segment(4, 0, 5)
    assert proven(found(stale, good)).segments == (good,)
    assert proven(found(stale, segment(4, 30, 35, begun=0))).offset == 0


def test_a_stale_segment_does_not_count_behind_a_part_that_ends_within_it() -> None:
    stale = segment(3, 6, 15)
    assert proven(found(stale, noted=journal(MULTIPART), parts=(1,))).offset == 10
    named = journal(MULTIPART, stale)  # as when parts have become smaller
    assert proven(found(stale, noted=named, parts=(1,))).offset == 15


def test_a_journal_that_fell_back_may_name_segments_that_end_elsewhere() -> None:
    before = segment(3, 0, 7)
    after = (segment(4, 0, 5), segment(5, 5, 9))
    assert proven(found(before, *after, known=journal(before))).offset == 9


def test_bytes_that_were_not_verified_count_when_somebody_has_begun_behind_them() -> None:
    unsure = segment(3, 0, 8, unverified=True)
    assert proven(found(unsure)).offset == 0
    assert proven(found(unsure, segment(4, 8, 9))).offset == 9
    assert proven(found(unsure, segment(4, 8, 9, begun=0))).offset == 0
    assert proven(found(unsure, known=journal(unsure))).offset == 8


def test_a_tail_counts_while_redis_has_it() -> None:
    tail = replace(segment(3, 0, 8), kind=TAIL)
    assert proven(found(noted=journal(tail))).offset == 0
    assert proven(found(tail, noted=journal(tail))).offset == 8
    assert proven(found(tail)).offset == 8


def test_a_finished_object_is_all_there_is() -> None:
    large = Original(key=f"{FOLDER}/original", size=30, etag="e")
    result = proven(found(segment(9, 0, 5), originals=(large,)))
    assert (result.whole, result.offset, result.journal) == (large, 30, (large.entry(),))
    newer, older = small(5, 8), small(4, 8)
    assert proven(found(originals=(older, newer))).whole == newer
    assert proven(found(originals=(older, newer), known=journal(older))).whole == older


def test_an_object_of_a_writer_that_was_overtaken_counts_if_a_journal_names_it() -> None:
    stale, good = small(3, 8), segment(4, 0, 5)
    assert proven(found(good, originals=(stale,))).offset == 5
    assert proven(found(segment(2, 0, 5), originals=(stale,))).whole == stale
    assert proven(found(good, originals=(stale,), known=journal(stale))).whole == stale


@dataclass(frozen=True)
class Sent:
    """A request: how many bytes in which pieces, and how many of them were committed."""

    pieces: tuple[int, ...]
    committed: int
    stored: int


requests = st.lists(
    st.builds(
        Sent,
        pieces=st.lists(st.integers(1, 7), min_size=1, max_size=4).map(tuple),
        committed=st.integers(0, 4),
        stored=st.integers(0, 4),
    ),
    max_size=8,
)


@given(requests, st.one_of(st.none(), st.integers(0, 8)))
def test_whatever_arrives_late_committed_bytes_stay_and_no_stale_byte_is_among_them(
    sent: list[Sent], fallen_back: int | None
) -> None:
    stored: list[Segment] = []
    kept: list[Segment] = []
    states: list[Journal] = [journal()]
    for token, request in enumerate(sent, 1):
        begun = at = kept[-1].name.end if kept else 0
        for number, size in enumerate(request.pieces):
            one = segment(token, at, at + size, begun=begun)
            at += size
            if number < max(request.stored, request.committed):
                stored.append(one)
            if number < request.committed:
                kept.append(one)
        states.append(journal(*kept))
    known = None if fallen_back is None else states[min(fallen_back, len(sent))]
    result = proven(found(*stored, known=known))
    assert result.segments[: len(kept)] == tuple(kept)
    again = proven(found(*stored, noted=Journal.read(result.journal), token=len(sent) + 1))
    assert again.segments == result.segments
