"""What is written about uploads is read as it was meant, and nothing else is."""

from contextlib import suppress
from dataclasses import replace
from string import ascii_letters, digits, printable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.uploads import fresh
from tusline.errors import StoreUnavailable
from tusline.storage.s3 import names
from tusline.storage.s3.journal import (
    SEGMENT,
    TAIL,
    UNKNOWN,
    Journal,
    Multipart,
    Opened,
    Original,
    Part,
    Segment,
    numbers_entry,
)
from tusline.storage.s3.manifest import Manifest
from tusline.storage.s3.names import SegmentName, parse_segment
from tusline.upload import UploadId

sizes = st.integers(0, 5 * 10**12)
tokens = st.integers(0, 2**53)
words = st.text(ascii_letters + digits + "-_.+/=", min_size=1, max_size=60)
etags = st.text("0123456789abcdef", min_size=32, max_size=32)
segment_names = st.builds(
    SegmentName,
    offset=sizes,
    token=tokens,
    nonce=st.text("0123456789abcdef", min_size=8, max_size=8),
    size=sizes,
    begun=sizes,
    unverified=st.booleans(),
)
parts = st.builds(Part, number=st.integers(1, 10_000), offset=sizes, size=sizes, etag=words)
segments = st.builds(
    Segment,
    name=segment_names,
    md5=st.one_of(st.just(UNKNOWN), etags),
    kind=st.sampled_from([SEGMENT, TAIL]),
)
openings = st.builds(Opened, number=st.integers(1, 10_000), token=tokens)
multiparts = st.builds(Multipart, id=words, part_size=st.integers(1, 5 * 2**30))
originals = st.builds(Original, key=words, size=sizes, etag=words)
entries = st.one_of(parts, segments, openings, multiparts, originals)


@given(segment_names)
def test_the_name_of_a_segment_is_read_back(name: SegmentName) -> None:
    assert parse_segment(str(name)) == name


@given(st.lists(segment_names, max_size=5))
def test_names_of_segments_come_in_the_order_of_their_offsets(found: list[SegmentName]) -> None:
    in_a_listing = [parse_segment(text) for text in sorted(map(str, found))]
    assert [name.offset for name in in_a_listing] == sorted(name.offset for name in found)


@given(st.text(printable))
def test_no_other_text_is_taken_for_a_name(text: str) -> None:
    with suppress(ValueError):
        assert str(parse_segment(text)) == text


@given(st.lists(entries, max_size=8), st.integers(1, 20_000))
def test_entries_are_read_back_and_written_as_they_were(
    written: list[Part | Segment | Opened | Multipart | Original], used_up: int
) -> None:
    texts = [entry.entry() for entry in written] + [numbers_entry(used_up)]
    journal = Journal.read(texts)
    again: list[Part | Segment | Opened]
    again = [*journal.parts, *journal.segments, *journal.opened]
    kept = [one for one in written if isinstance(one, Part | Segment | Opened)]
    assert sorted(one.entry() for one in again) == sorted(one.entry() for one in kept)
    assert journal.original in [None, *written]
    assert journal.multipart in [None, *written]
    assert (journal.used_up, list(journal.entries)) == (used_up, texts)
    numbers = [one.number for one in kept if isinstance(one, Part | Opened)]
    assert journal.next_number == max([used_up, *(number + 1 for number in numbers)])


@pytest.mark.parametrize(
    "entry", ["", "later 1", "part 1 0 5", "part one 0 5 etag", "segment 5 md5", "open 1 2 3"]
)
def test_an_entry_of_a_newer_version_is_a_passing_failure(entry: str) -> None:
    with pytest.raises(StoreUnavailable) as caught:
        Journal.of(replace(fresh(), journal=(entry,)))
    assert caught.value.retry_after


@given(
    tokens,
    sizes,
    st.one_of(st.none(), sizes),
    st.one_of(st.none(), st.text()),
    st.binary(max_size=64),
    st.lists(words).map(tuple),
)
def test_a_manifest_is_read_back(
    token: int,
    offset: int,
    length: int | None,
    metadata: str | None,
    head: bytes,
    journal: tuple[str, ...],
) -> None:
    upload = replace(
        fresh(length=length, metadata=metadata, owner="öwner"),
        token=token,
        offset=offset,
        synced=offset,
        head=head,
        journal=journal,
        members=(UploadId("member-0000000000"),),
        concat="final;/files/x",
        deferred=True,
        batch="b",
        expires=5.0,
    )
    assert Manifest.read(Manifest(upload=upload).to_bytes()).upload == upload


@given(st.one_of(st.binary(), st.sampled_from([b"[]", b"null", b"{}", b'{"version": 2}'])))
def test_what_is_no_manifest_is_a_failure_of_the_store(data: bytes) -> None:
    with pytest.raises(StoreUnavailable):
        Manifest.read(data)


def test_a_newer_manifest_is_left_to_newer_processes() -> None:
    data = Manifest(upload=fresh()).to_bytes()
    with pytest.raises(StoreUnavailable):
        Manifest.read(data.replace(b'"version": 1', b'"version": 2'))
    more = data.replace(b'"version": 1', b'"version": 1, "more": 1')
    assert Manifest.read(more).upload == fresh()


def test_the_newest_manifest_comes_last_in_a_listing() -> None:
    id = fresh().id
    written = [(0, 0), (5, 1), (5, 2), (5, 1001), (10, 0), (1_800_000_000_000_000, 0)]
    listed = [names.manifest(id, token, number) for token, number in written]
    assert listed == sorted(listed)
