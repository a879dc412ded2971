"""The decisions of the protocol, as properties and as tables."""

import base64
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.uploads import fresh
from tusline import rules
from tusline.errors import (
    BadRequest,
    ExpiredUpload,
    KeyReused,
    OffsetMismatch,
    RejectedUpload,
    ServiceBusy,
    StoreFull,
    TooLarge,
    TuslineError,
    UnknownUpload,
    UnsupportedType,
)
from tusline.rules import Append, Creation, Limits
from tusline.upload import MOVES, OVER, STORED, Phase, Reason, Upload

LIMITS = Limits(
    max_size=1000, types=("image/jpeg", "image/heic"), min_free=100, queue_limit=5, max_files=3
)
SIZES = st.integers(0, 2000)


def metadata(**values: str) -> str:
    return ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in values.items())


def accepted(declared: str) -> bool:
    """Whether a file of this declared type may be uploaded."""
    creation = Creation(length=1, metadata=metadata(filetype=declared), body=0)
    try:
        rules.may_create(creation, LIMITS)
    except UnsupportedType:
        return False
    return True


# --- creation ----------------------------------------------------------------------------------


@given(length=SIZES | st.none(), body=SIZES | st.none())
def test_a_creation_passes_exactly_when_it_fits(length: int | None, body: int | None) -> None:
    fits = (length is None or length <= 1000) and (
        body is None or body <= (1000 if length is None else length)
    )
    try:
        rules.may_create(Creation(length=length, metadata=None, body=body), LIMITS)
    except TooLarge:
        assert not fits
    else:
        assert fits


@pytest.mark.parametrize("declared", ["image/jpeg", "image/jpg", "IMAGE/JPEG; q=1", "image/heif"])
def test_a_declared_type_passes_under_each_of_its_names(declared: str) -> None:
    assert accepted(declared)


@pytest.mark.parametrize("declared", ["", "application/octet-stream", "undefined", "null"])
def test_a_type_that_says_nothing_is_left_to_the_content(declared: str) -> None:
    assert accepted(declared)


def test_a_type_that_is_not_accepted_is_refused_before_any_byte_is_sent() -> None:
    creation = Creation(length=1, metadata=metadata(filetype="video/mp4"), body=0)
    with pytest.raises(UnsupportedType, match=r"; accepted are image/jpeg, image/heic$"):
        rules.may_create(creation, LIMITS)
    rules.may_create(creation, replace(LIMITS, types=("*",)))


def test_creation_is_refused_when_the_disk_or_the_queue_is_full() -> None:
    rules.has_room(LIMITS, length=50, free=150, depth=4)
    with pytest.raises(StoreFull):
        rules.has_room(LIMITS, length=51, free=150, depth=4)
    with pytest.raises(ServiceBusy):
        rules.has_room(LIMITS, length=50, free=None, depth=5)


@pytest.mark.parametrize("deferred", [True, False])
@pytest.mark.parametrize("told", [10, 11, None])
def test_a_repeated_creation_tells_as_much_of_the_length_as_the_first(
    told: int | None, deferred: bool
) -> None:
    """Also once an upload of deferred length has one."""
    upload = replace(fresh(length=10), deferred=deferred)
    same = told is None if deferred else told == 10
    assert repeatable(upload, Creation(length=told, metadata=None, body=0)) is same


def test_the_key_of_nobody_is_long() -> None:
    creation = Creation(length=10, metadata=None, body=0, key="k" * 21)
    rules.may_name(creation, owner="ann")
    rules.may_name(replace(creation, key="k" * 22), owner="")
    rules.may_name(replace(creation, key=None), owner="")
    with pytest.raises(BadRequest) as refusal:
        rules.may_name(creation, owner="")
    assert refusal.value.code == "bad-idempotency-key"


@pytest.mark.parametrize(
    ("known", "told", "same"),
    [("a Zg==", "a Zg==", True), ("a Zg==", "a Zw==", False), (None, "", True), (None, "a", False)],
)
def test_a_repeated_creation_has_the_same_metadata(
    known: str | None, told: str | None, same: bool
) -> None:
    creation = Creation(length=10, metadata=told, body=0)
    assert repeatable(fresh(length=10, metadata=known), creation) is same


def test_a_batch_is_what_the_metadata_calls_so_and_of_bounded_length() -> None:
    def batch(**values: str) -> str | None:
        return rules.batch_of(Creation(length=1, metadata=metadata(**values), body=0))

    assert batch(batch="b1", filename="a") == "b1"
    assert batch(filename="a") is None
    assert batch(batch="") is None
    assert batch(batch="é" * 64) == "é" * 64
    with pytest.raises(BadRequest):
        batch(batch="é" * 64 + "x")


def repeatable(upload: Upload, creation: Creation) -> bool:
    try:
        rules.may_repeat(upload, creation)
    except KeyReused:
        return False
    return True


# --- appending ---------------------------------------------------------------------------------


@given(length=SIZES | st.none(), offset=SIZES, asked=SIZES, body=SIZES | st.none())
def test_a_body_is_taken_at_the_offset_only_and_never_beyond_the_end(
    length: int | None, offset: int, asked: int, body: int | None
) -> None:
    end = 1000 if length is None else length
    upload = replace(fresh(length=length), offset=min(offset, end))
    append = Append(offset=asked, length=None, body=body)
    if asked != upload.offset:
        with pytest.raises(OffsetMismatch) as mismatch:
            rules.may_append(upload, append, max_size=1000)
        assert mismatch.value.offset == upload.offset
    elif body is not None and upload.offset + body > end:
        with pytest.raises(TooLarge):
            rules.may_append(upload, append, max_size=1000)
    else:
        assert rules.may_append(upload, append, max_size=1000) == end - upload.offset


@pytest.mark.parametrize(
    ("known", "declared", "refusal"),
    [
        (10, 10, None),
        (10, 11, BadRequest),
        (None, 5, None),
        (None, 4, BadRequest),
        (None, 1000, None),
        (None, 1001, TooLarge),
    ],
)
def test_a_length_is_declared_once_and_fits(
    known: int | None, declared: int, refusal: type[TuslineError] | None
) -> None:
    upload = replace(fresh(length=known), offset=5)
    append = Append(offset=5, length=declared, body=0)
    if refusal is None:
        assert rules.may_append(upload, append, max_size=1000) == declared - 5
    else:
        with pytest.raises(refusal):
            rules.may_append(upload, append, max_size=1000)


@pytest.mark.parametrize(
    ("declared", "body", "accepted"),
    [
        (None, 0, True),
        (None, None, True),
        (None, 1, False),
        (150, 0, True),
        (150, None, True),
        (150, 1, False),
        (151, 0, False),
        (151, 1, False),
    ],
)
def test_an_upload_beyond_a_lowered_maximum_may_end_where_it_is_and_takes_no_more(
    declared: int | None, body: int | None, accepted: bool
) -> None:
    upload = replace(fresh(length=None), offset=150)
    append = Append(offset=150, length=declared, body=body)
    if accepted:
        assert rules.may_append(upload, append, max_size=100) == 0
    else:
        with pytest.raises(TooLarge):
            rules.may_append(upload, append, max_size=100)


# --- existence, owners, expiry -----------------------------------------------------------------


def test_a_stranger_finds_nothing() -> None:
    upload = fresh(owner="ann")
    rules.must_exist(upload, owner="ann", now=0)
    rules.must_exist(upload, owner=None, now=0)
    with pytest.raises(UnknownUpload):
        rules.must_exist(upload, owner="bob", now=0)
    with pytest.raises(UnknownUpload):
        rules.must_exist(replace(upload, phase=Phase.EXPIRED), owner="bob", now=0)


def test_expiry_counts_by_the_clock_but_not_under_a_writer_nor_for_a_whole_upload() -> None:
    upload = fresh(expires=100.0)
    rules.must_exist(upload, owner=None, now=99.9)
    with pytest.raises(ExpiredUpload):
        rules.must_exist(upload, owner=None, now=100.0)
    rules.must_exist(replace(upload, held=True), owner=None, now=100.0)
    rules.must_exist(replace(upload, offset=10), owner=None, now=100.0)
    rules.must_exist(replace(upload, phase=Phase.READY), owner=None, now=100.0)


def test_only_an_unfinished_upload_lapses() -> None:
    upload = fresh(length=10, expires=100.0)
    assert upload.lapses == 100.0
    assert fresh(length=10).lapses is None
    assert replace(upload, offset=10).lapses is None
    assert replace(upload, phase=Phase.RECEIVED).lapses is None


def test_a_rejected_upload_says_why() -> None:
    reason = Reason(code="content-not-accepted", message="the content is a riddle")
    upload = replace(fresh(), phase=Phase.REJECTED, reason=reason)
    with pytest.raises(RejectedUpload) as refusal:
        rules.must_exist(upload, owner=None, now=0)
    assert (refusal.value.code, refusal.value.message) == (reason.code, reason.message)


# --- content and phases ------------------------------------------------------------------------


def test_content_is_judged_by_its_first_bytes() -> None:
    jpeg, text = replace(fresh(), head=b"\xff\xd8\xff\xe0"), replace(fresh(), head=b"hello")
    assert rules.check_content(jpeg, LIMITS.types) == "image/jpeg"
    assert rules.check_content(text, ("*",)) is None
    with pytest.raises(RejectedUpload):
        rules.check_content(text, LIMITS.types)
    with pytest.raises(RejectedUpload):
        rules.check_content(jpeg, ("image/png",))


def test_every_phase_can_be_reached_and_what_is_over_holds_no_bytes() -> None:
    reached, frontier = {Phase.RECEIVING}, {Phase.RECEIVING}
    while frontier:
        frontier = {after for phase in frontier for after in MOVES[phase]} - reached
        reached |= frontier
    assert reached == set(Phase)
    assert not OVER & STORED
    assert all(not MOVES[phase] & STORED for phase in OVER)
