"""`Upload-Concat`: the spellings of a member's URL, and what members a final upload may have."""

from dataclasses import replace
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.uploads import fresh
from tusline import concat, rules
from tusline.concat import HEADER_BYTES, MEMBERS, Standing, parse_concat
from tusline.errors import (
    BadRequest,
    ExpiredUpload,
    Forbidden,
    UnknownUpload,
    UnsupportedType,
)
from tusline.rules import Creation, Limits
from tusline.upload import OVER, Phase, Upload, UploadId

A, B = UploadId("a" * 32), UploadId("b" * 32)
MOUNTS = ("/site/media/files", "/media/files", "/public/site/media/files")
IDS = st.from_regex(r"[A-Za-z0-9_-]{16,64}", fullmatch=True).map(UploadId)


def members_of(value: str) -> tuple[UploadId, ...]:
    return parse_concat(value, MOUNTS).members


def spellings(id: UploadId) -> st.SearchStrategy[str]:
    """Every way to write the URL of an upload here."""
    paths = st.sampled_from([f"{mount}/{id}" for mount in MOUNTS])
    hosts = st.sampled_from(["http://x.example", "https://[::1]:8443", "//evil.example", ""])
    absolute = st.builds(str.__add__, hosts, paths)
    coded = st.just("/media/files/" + "".join(f"%{ord(c):02X}" for c in id))
    relative = st.sampled_from([id, f"./{id}", f"files/{id}", f"../files/{id}"])
    queries = st.sampled_from(["", "?a=b", "#c"])
    return st.builds(str.__add__, absolute | coded | relative, queries)


@given(st.data())
def test_members_are_read_in_order_however_their_urls_are_spelt(data: st.DataObject) -> None:
    ids = data.draw(st.lists(IDS, min_size=1, max_size=5))
    urls = [data.draw(spellings(id)) for id in ids]
    blanks = data.draw(st.sampled_from([" ", "  ", "   "]))
    value = f"final;{blanks.join(urls)}"
    parsed = parse_concat(value, MOUNTS)
    assert (parsed.value, parsed.members) == (value, tuple(ids))


@given(st.text() | st.text().map("final;".__add__))
def test_any_text_is_a_concatenation_or_refused(text: str) -> None:
    try:
        parsed = parse_concat(text, MOUNTS)
    except BadRequest:
        return
    assert (text == "partial") != bool(parsed.members)


@given(st.sampled_from(MOUNTS), IDS, st.sampled_from(["%25", "%2F", "%2e%2e%2F", "/", "//"]))
def test_a_url_is_decoded_once_and_names_nothing_below_an_upload(
    mount: str, id: UploadId, inserted: str
) -> None:
    twice = "".join(f"%25{ord(letter):02x}" for letter in id)
    for path in (f"{mount}/{inserted}{id}", f"{mount}/{id}{inserted}x", f"{mount}/{twice}", twice):
        with pytest.raises(BadRequest):
            members_of(f"final;{path}")


@pytest.mark.parametrize(
    "value",
    [
        *("", "foo", "Partial", "partial ", "partial;", "partial, partial", "final", "final;"),
        *("final; ", *(word + f"/media/files/{A}" for word in ("FINAL;", "final:", "final "))),
    ],
)
def test_anything_else_is_refused(value: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        members_of(value)
    assert refusal.value.code == "bad-concat"


@pytest.mark.parametrize(
    "url",
    [
        *(f"/other/{A}", f"http://x.example/files/{A}", f"/{A}", f"../{A}", f"/media/files{A}"),
        *("/media/files/", "/media/files", "?", "http://[", f"urn:{A}", f"/media/files/{A}/"),
        *(f"/med\tia/files/{A}", f"/media/files/{A}\xa0", f"/media/files/{A[:15]}"),
    ],
)
def test_a_url_that_names_no_upload_here_is_refused(url: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        members_of(f"final;/media/files/{B} {url}")
    assert refusal.value.code == "bad-concat"


def test_the_same_member_may_come_twice_and_there_is_a_bound_on_all() -> None:
    assert members_of(f"final;/media/files/{A} {A}") == (A, A)
    assert len(members_of("final;" + " ".join([A] * MEMBERS))) == MEMBERS
    with pytest.raises(BadRequest) as refusal:
        members_of("final;" + " ".join([A] * (MEMBERS + 1)))
    assert refusal.value.code == "too-many-members"


def test_there_is_a_bound_on_the_length_of_the_header() -> None:
    value = f"final;/media/files/{A}?".ljust(HEADER_BYTES, "x")
    assert members_of(value) == (A,)
    with pytest.raises(BadRequest) as refusal:
        members_of(f"{value}x")
    assert refusal.value.code == "too-many-members"


def test_a_mount_with_odd_characters_is_matched_decoded() -> None:
    mount = "/fjörd ?#/files"
    for url in (f"{quote(mount)}/{A}", A, f"./{A}"):
        assert parse_concat(f"final;{url}", (mount,)).members == (A,)


# --- members -----------------------------------------------------------------------------------

PARTIAL = replace(fresh(A, length=4), concat="partial")
WHOLE = replace(PARTIAL, offset=4)


def refusal_of(member: Upload | None, *, now: float = 0) -> str:
    with pytest.raises(BadRequest) as refusal:
        concat.must_be_partial(member, A, owner="", now=now)
    assert A in refusal.value.message
    return refusal.value.code


def test_only_a_partial_upload_that_lives_may_be_a_member() -> None:
    for good in (PARTIAL, WHOLE, replace(WHOLE, expires=1.0, finals=(B,))):
        assert concat.must_be_partial(good, A, owner="", now=2) is good
    final = replace(fresh(A), concat=f"final;{B}", members=(B,))
    for other in (fresh(A), replace(fresh(A), phase=Phase.READY), final):
        assert refusal_of(other) == "not-partial"
    assert refusal_of(None) == "unknown-member"
    assert refusal_of(replace(PARTIAL, owner="ann")) == "unknown-member"
    assert refusal_of(replace(WHOLE, expires=1.0), now=1) == "unknown-member"
    for phase in OVER:
        assert refusal_of(replace(PARTIAL, phase=phase)) == "unknown-member"
    crowd = tuple(UploadId(f"final-{n:010}") for n in range(concat.FINALS))
    assert refusal_of(replace(PARTIAL, finals=crowd)) == "too-many-finals"


MEMBERS_OF_ALL_KINDS = st.builds(
    lambda offset, length, phase: replace(PARTIAL, offset=offset, length=length, phase=phase),
    st.integers(0, 4),
    st.sampled_from([4, None]),
    st.sampled_from([Phase.RECEIVING, Phase.RECEIVING, *OVER]),
)


@given(st.lists(st.none() | MEMBERS_OF_ALL_KINDS, min_size=1, max_size=4))
def test_members_are_ready_waited_for_or_gone(members: list[Upload | None]) -> None:
    alive = [m for m in members if m is not None and m.phase is Phase.RECEIVING]
    expected = Standing.READY if all(m.complete for m in alive) else Standing.WAITING
    if len(alive) < len(members):
        expected = Standing.GONE
    assert concat.standing(members, now=0) is expected


def test_an_unfinished_member_is_gone_once_its_time_is_over_and_a_waited_for_one_is_not() -> None:
    late = replace(PARTIAL, expires=1.0)
    assert concat.standing([late], now=0) is Standing.WAITING
    assert concat.standing([late], now=1) is Standing.GONE
    assert concat.standing([replace(late, held=True)], now=1) is Standing.WAITING
    assert concat.standing([replace(late, offset=4, finals=(B,))], now=1) is Standing.READY


@given(st.lists(st.none() | st.integers(0, 100), min_size=1))
def test_the_length_is_the_sum_once_all_are_known(lengths: list[int | None]) -> None:
    total = concat.total([replace(PARTIAL, length=length) for length in lengths])
    known = [length for length in lengths if length is not None]
    assert total == (sum(known) if len(known) == len(lengths) else None)


# --- what the rules make of it -----------------------------------------------------------------


def test_a_partial_upload_may_have_any_type() -> None:
    limits = Limits(max_size=9, types=("image/jpeg",), min_free=0, queue_limit=5, max_files=9)
    metadata = "filetype dGV4dC9wbGFpbg=="
    rules.may_create(Creation(length=1, metadata=metadata, body=0, concat="partial"), limits)
    final = Creation(length=1, metadata=metadata, body=0, concat=f"final;{A}", members=(A,))
    with pytest.raises(UnsupportedType):
        rules.may_create(final, limits)


def test_a_partial_upload_does_not_count_in_a_batch() -> None:
    piece = Creation(length=1, metadata="batch Yg==", body=0, concat="partial")
    assert rules.batch_of(piece) is None
    assert rules.batch_of(replace(piece, concat=f"final;{A}", members=(A,))) == "b"


@pytest.mark.parametrize("phase", list(Phase))
def test_a_final_upload_takes_no_bytes_however_it_stands(phase: Phase) -> None:
    final = replace(fresh(A), phase=phase, concat=f"final;{B}", members=(B,))
    refused: dict[Phase, type[Exception]] = {
        Phase.EXPIRED: ExpiredUpload,
        Phase.TERMINATED: UnknownUpload,
    }
    with pytest.raises(refused.get(phase, Forbidden)):
        rules.must_take_bytes(final, owner=None, now=0)
    with pytest.raises(UnknownUpload):
        rules.must_take_bytes(final, owner="bob", now=0)


def test_a_complete_partial_upload_expires_unless_a_final_one_waits_for_it() -> None:
    late = replace(WHOLE, expires=1.0)
    with pytest.raises(ExpiredUpload):
        rules.must_exist(late, owner=None, now=1)
    rules.must_exist(replace(late, finals=(B,)), owner=None, now=1)
    rules.must_exist(replace(late, concat=None), owner=None, now=1)
