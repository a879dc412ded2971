"""Parsing of tus headers: exact for what the protocol allows, a clear refusal for the rest."""

import base64
import locale
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tusline.errors import BadRequest
from tusline.headers import (
    LARGEST,
    Headers,
    http_date,
    media_type,
    metadata_text,
    parse_count,
    parse_deferred,
    parse_key,
    parse_metadata,
)

KEYS = st.text(
    st.sampled_from([c for c in string.printable if c.isprintable() and c not in " ,"]), min_size=1
)


@given(st.integers(0, LARGEST))
def test_every_count_up_to_63_bits_is_read_back(count: int) -> None:
    assert parse_count("Upload-Offset", str(count)) == count


@pytest.mark.parametrize(
    "text",
    ["-1", "+1", "1.0", "0x1", "", " ", "1 ", "１", "1_0", "٣", str(LARGEST + 1), "9" * 40, "5, 5"],
)
def test_anything_else_is_no_count(text: str) -> None:
    with pytest.raises(BadRequest):
        parse_count("Upload-Offset", text)


@given(st.text())
def test_a_count_is_read_or_refused_and_nothing_else_happens(text: str) -> None:
    try:
        count = parse_count("Upload-Offset", text)
    except BadRequest:
        return
    assert text.isascii()
    assert text.isdigit()
    assert 0 <= count <= LARGEST


@pytest.mark.parametrize("text", ["0", "2", "true", "1, 1", ""])
def test_only_1_defers_a_length(text: str) -> None:
    with pytest.raises(BadRequest):
        parse_deferred(text)


@given(st.dictionaries(KEYS, st.binary()))
def test_metadata_reads_back_as_bytes(metadata: dict[str, bytes]) -> None:
    pairs = [f"{key} {base64.b64encode(value).decode()}" for key, value in metadata.items()]
    assert parse_metadata(",".join(pairs)) == metadata


@pytest.mark.parametrize(
    ("text", "metadata"),
    [
        ("", {}),
        ("   ", {}),
        ("filename d29y,is_conf", {"filename": b"wor", "is_conf": b""}),
        ("a,b ", {"a": b"", "b": b""}),
        (" a Zm9v , b", {"a": b"foo", "b": b""}),
        ("a,,b", {"a": b"", "b": b""}),
        ("a Zm9v,", {"a": b"foo"}),
        ("a /w==", {"a": b"\xff"}),
    ],
)
def test_metadata_is_lenient_where_clients_need_it(text: str, metadata: dict[str, bytes]) -> None:
    assert parse_metadata(text) == metadata


@pytest.mark.parametrize(
    "text",
    [
        "a b c",
        "a !!!",
        "a Zm9",
        "a Zm9v==",
        "a Zm9v,a YmFy",
        "\u00c3\u00a9 Zm9v",
        "a  Zm9v",
        "a Zm-_",
    ],
)
def test_bad_metadata_is_refused(text: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        parse_metadata(text)
    assert refusal.value.code == "bad-metadata"


@given(st.text())
def test_metadata_is_read_or_refused_and_nothing_else_happens(text: str) -> None:
    try:
        metadata = parse_metadata(text)
    except BadRequest:
        return
    assert all(key and " " not in key and "," not in key for key in metadata)


@given(st.text())
def test_metadata_text_never_raises(text: str) -> None:
    metadata_text(text, "filename")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("0123456789abcdef", "0123456789abcdef"),
        ('"0123456789abcdef"', "0123456789abcdef"),
        (r'"0123456789\"abc\\d"', r'0123456789"abc\d'),
        ("k" * 128, "k" * 128),
        ('"' + "k" * 128 + '"', "k" * 128),
    ],
)
def test_a_key_is_read_bare_and_as_a_structured_string(text: str, key: str) -> None:
    assert parse_key(text) == key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0123456789abcde",
        "k" * 129,
        "0123456789 abcdef",
        "0123456789abcdeé",
        '"0123456789abcdef',
        '"0123456789abcde"',
        '"0123456789 abcdef"',
        '"0123456789abc"def"',
        r'"0123456789abcdef\"',
        "0123456789abcdef, 0123456789abcdef",
    ],
)
def test_a_key_of_another_kind_is_refused(text: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        parse_key(text)
    assert refusal.value.code == "bad-idempotency-key"


def test_a_repeated_header_is_one_list() -> None:
    given_twice = Headers([(b"upload-offset", b"5"), (b"Upload-Offset", b"5")])
    assert given_twice.get("upload-offset") == "5, 5"


@pytest.mark.parametrize(
    ("text", "kind"),
    [(None, ""), ("", ""), ("Text/HTML; charset=x", "text/html"), (" a/b ;c", "a/b")],
)
def test_media_types_lose_case_and_parameters(text: str | None, kind: str) -> None:
    assert media_type(text) == kind


def test_dates_are_english_whatever_the_locale() -> None:
    before = locale.setlocale(locale.LC_TIME)
    try:
        locale.setlocale(locale.LC_TIME, "C")
        assert http_date(1403712000.9) == "Wed, 25 Jun 2014 16:00:00 GMT"
    finally:
        locale.setlocale(locale.LC_TIME, before)
