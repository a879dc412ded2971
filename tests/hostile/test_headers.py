"""What a header's text may be: exactly what its grammar says, whatever else is sent."""

import base64
import binascii
import re
import string
from email.utils import parsedate_to_datetime
from functools import partial

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from support.near import latin, near, read
from tusline.errors import BadRequest, TuslineError
from tusline.headers import (
    LARGEST,
    LAST_DATE,
    Headers,
    http_date,
    media_type,
    metadata_text,
    names,
    parse_count,
    parse_deferred,
    parse_key,
    parse_metadata,
)

KEY = st.text([c for c in map(chr, range(0x21, 0x7F)) if c != ","], min_size=1, max_size=20)
WORD = st.text(string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~", min_size=1, max_size=10)
IDEMPOTENCY_KEY = st.text([chr(c) for c in range(0x21, 0x7F)], min_size=16, max_size=128)
NUMBER = st.one_of(st.integers(0, LARGEST), st.integers(0, 2**70), st.integers(0, 99)).map(str)

MANY = settings(max_examples=500, deadline=None)


@st.composite
def metadata_values(draw: st.DrawFn) -> tuple[str, dict[str, bytes]]:
    """An Upload-Metadata value as the specification has it, and what it says."""
    said = draw(st.dictionaries(KEY, st.binary(max_size=12), max_size=5))
    pairs = [
        f"{key} {base64.b64encode(value).decode()}" if value or draw(st.booleans()) else key
        for key, value in said.items()
    ]
    return ",".join(pairs), said


@given(near(NUMBER))
@example("9223372036854775807")
@example("9223372036854775808")
@example("1" * 20)
@example("0" * 20)
@MANY
def test_a_count_is_ascii_digits_up_to_63_bits(text: str) -> None:
    allowed = re.fullmatch("[0-9]{1,19}", text) is not None and int(text) < 2**63
    found = read(partial(parse_count, "Upload-Length"), text)
    assert found == int(text) if allowed else isinstance(found, BadRequest)


@given(near(st.just("1")))
def test_a_length_is_deferred_by_1_alone(text: str) -> None:
    found = read(parse_deferred, text)
    assert found is True if text == "1" else isinstance(found, BadRequest)


@given(metadata_values())
def test_metadata_that_was_encoded_is_read_back(case: tuple[str, dict[str, bytes]]) -> None:
    text, said = case
    assert parse_metadata(text) == said
    for key, value in said.items():
        try:
            assert metadata_text(text, key) == (value.decode() or None)
        except UnicodeDecodeError:
            assert metadata_text(text, key) is None


@given(near(metadata_values().map(lambda case: case[0])))
@example("a Zm9_")
@example("\xe9 Zm9v")
@example("a Zm9v,a")
@MANY
def test_metadata_is_pairs_of_a_key_and_base64(text: str) -> None:
    found = read(parse_metadata, text)
    if isinstance(found, TuslineError):
        assert (found.status, found.code) == (400, "bad-metadata")
        assert not _is_metadata(text)
    else:
        assert _is_metadata(text)
        assert parse_metadata(_encoded(found)) == found


def _is_metadata(text: str) -> bool:
    """The grammar once more, element by element."""
    keys = []
    for element in (part.strip(" \t") for part in text.split(",")):
        key, space, value = element.partition(" ")
        if not all(0x21 <= ord(sign) <= 0x7E for sign in key) or (space and not key):
            return False
        try:
            raw = value.encode("ascii")
            decoded = base64.b64decode(raw, validate=True)
        except (UnicodeEncodeError, binascii.Error):
            return False
        if len(raw) != len(base64.b64encode(decoded)):
            return False  # padding more than is due
        keys += [key] if key else []
    return len(keys) == len(set(keys))


def _encoded(metadata: dict[str, bytes]) -> str:
    return ",".join(f"{k} {base64.b64encode(v).decode()}" for k, v in metadata.items())


@given(latin(metadata_values().map(lambda case: case[0])), KEY)
def test_metadata_for_people_is_text_or_nothing(text: str, key: str) -> None:
    found = metadata_text(text, key)
    assert found is None or (found and found.encode() == parse_metadata(text)[key])


@given(IDEMPOTENCY_KEY)
def test_an_idempotency_key_is_the_same_bare_and_quoted(key: str) -> None:
    assert parse_key(quoted(key)) == key
    assert key.startswith('"') or parse_key(key) == key


@given(near(IDEMPOTENCY_KEY | IDEMPOTENCY_KEY.map(lambda key: quoted(key))))
@example('"' + "a" * 14 + '"')
@example("a" * 129)
@MANY
def test_an_idempotency_key_is_16_to_128_visible_signs(text: str) -> None:
    found = read(parse_key, text)
    if isinstance(found, TuslineError):
        assert (found.status, found.code) == (400, "bad-idempotency-key")
    else:
        assert 16 <= len(found) <= 128
        assert all("!" <= sign <= "~" for sign in found)
        assert text == (quoted(found) if text.startswith('"') else found)
    bare = re.fullmatch("[!#-~][!-~]{15,127}", text)
    assert bare is None or found == text


def quoted(text: str) -> str:
    """As a string of a structured field (RFC 9651, section 3.3.3)."""
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


@given(st.lists(WORD, min_size=1))
def test_a_list_of_names_has_each_in_lower_case(words: list[str]) -> None:
    assert names(" , ".join(words)) == {word.lower() for word in words}


@given(near(st.tuples(WORD, WORD, WORD).map(lambda w: f"{w[0]}/{w[1]}; {w[2]}=x")))
def test_a_media_type_is_lower_case_and_bare(text: str) -> None:
    kind = media_type(text)
    assert ";" not in kind
    assert kind == kind.strip()
    assert media_type(f" {kind} ;q=1") == kind


@given(WORD, WORD)
def test_a_media_type_is_the_same_in_any_case(kind: str, sub: str) -> None:
    assert media_type(f"{kind}/{sub}".upper()) == f"{kind}/{sub}".lower()


@given(st.floats(0, LAST_DATE, exclude_max=True))
def test_a_date_reads_back_to_the_second(seconds: float) -> None:
    text = http_date(seconds)
    assert re.fullmatch(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT", text)
    assert parsedate_to_datetime(text).timestamp() == int(seconds)


@given(st.floats(min_value=LAST_DATE))
def test_a_date_beyond_all_calendars_is_the_last_one(seconds: float) -> None:
    assert http_date(seconds) == "Fri, 31 Dec 9999 23:59:59 GMT"


@given(st.lists(st.tuples(st.binary(max_size=8), st.binary(max_size=8)), max_size=12))
def test_headers_hold_every_value_in_order(raw: list[tuple[bytes, bytes]]) -> None:
    found = Headers(raw)
    for name, _ in raw:
        values = [value for other, value in raw if _lower(other) == _lower(name)]
        assert found.get(_lower(name)) == ", ".join(value.decode("latin-1") for value in values)
        assert _lower(name) in found
    assert len(found.values) == len({_lower(name) for name, _ in raw})


def _lower(name: bytes) -> str:
    return name.decode("latin-1").lower()


@given(st.lists(st.binary(max_size=8)), st.binary(max_size=8))
def test_a_header_that_was_not_sent_is_none(names: list[bytes], other: bytes) -> None:
    assume(_lower(other) not in map(_lower, names))
    assert Headers([(name, b"x") for name in names]).get(_lower(other)) is None
