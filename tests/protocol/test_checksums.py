"""Upload-Checksum is read exactly, and a body is compared however it is cut."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.checksums import DIGESTS, checksum
from tusline.checksums import ALGORITHMS, Checksum, Verifier, parse_checksum
from tusline.errors import BadRequest, ChecksumMismatch

Trailers = list[tuple[bytes, bytes]]


def code_of(value: str) -> str:
    """The code with which a value is refused."""
    with pytest.raises(BadRequest) as refusal:
        parse_checksum(value)
    return refusal.value.code


@given(st.sampled_from(ALGORITHMS), st.binary(min_size=1))
def test_an_algorithm_and_a_digest_of_any_length_are_read_back(name: str, digest: bytes) -> None:
    value = f"{name} {base64.b64encode(digest).decode()}"
    assert parse_checksum(value) == Checksum(algorithm=name, digest=digest)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "sha1",
        "sha1 ",
        " AAAA",
        "sha1 !!!",
        "sha1  AAAA",
        "sha1 AAAA ",
        "sha1\tAAAA",
        "sha1 AAA",
        "sha1 AAAA=",
        "sha1 AA-_",
        "sha1 AAAA, sha1 AAAA",
        "sha1 AAAA,sha1 AAAA",
        "sha1 AAAA AAAA",
        "foo !!!",
    ],
)
def test_anything_but_a_name_one_space_and_base64_is_malformed(value: str) -> None:
    assert code_of(value) == "bad-checksum"


@pytest.mark.parametrize("name", ["foo", "SHA1", "Sha1", "sha-1", "sha", "sha1,", "crc32C"])
def test_a_name_that_is_not_announced_is_unsupported(name: str) -> None:
    assert code_of(f"{name} AAAA") == "unsupported-checksum"


@given(st.text() | st.from_regex(r"[a-z0-9]{1,6} [A-Za-z0-9+/=]{0,12}", fullmatch=True))
def test_a_value_is_read_or_refused_and_nothing_else_happens(value: str) -> None:
    try:
        read = parse_checksum(value)
    except BadRequest:
        return
    assert read.algorithm in ALGORITHMS
    assert base64.b64encode(read.digest).decode().rstrip("=")[:-1] in value


@given(st.sampled_from(ALGORITHMS), st.lists(st.binary(max_size=40), max_size=8))
def test_a_body_has_its_checksum_however_it_is_cut(name: str, pieces: list[bytes]) -> None:
    verifier = Verifier.of_header(checksum(b"".join(pieces), name))
    for piece in pieces:
        verifier.update(piece)
    assert verifier.refusal() is None
    verifier.update(b"\0")
    assert isinstance(verifier.refusal(), ChecksumMismatch)


def test_the_digests_are_those_of_the_standards() -> None:
    """The check values of "123456789" in the catalogue of CRCs, and RFC 1321's of "abc"."""
    assert DIGESTS["crc32"](b"123456789").hex() == "cbf43926"
    assert DIGESTS["crc32c"](b"123456789").hex() == "e3069283"
    assert DIGESTS["md5"](b"abc").hex() == "900150983cd24fb0d6963f7d28e17f72"
    assert set(DIGESTS) == set(ALGORITHMS)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_a_digest_of_another_length_matches_no_body(name: str) -> None:
    for digest in (b"\0", DIGESTS[name](b"") + b"\0", DIGESTS[name](b"")[:-1]):
        verifier = Verifier.of_header(f"{name} {base64.b64encode(digest).decode()}")
        assert isinstance(verifier.refusal(), ChecksumMismatch)


@given(st.sampled_from(ALGORITHMS), st.binary())
def test_a_trailer_may_name_any_algorithm_after_the_body(name: str, body: bytes) -> None:
    trailers: Trailers = []
    verifier = Verifier.of_trailer(trailers)
    verifier.update(body)
    trailers.append((b"upload-checksum", checksum(body, name).encode()))
    assert verifier.refusal() is None


@pytest.mark.parametrize(
    ("trailers", "code"),
    [
        ([], "bad-checksum"),
        ([(b"x-other", b"sha1 AAAA")], "bad-checksum"),
        ([(b"upload-checksum", b"")], "bad-checksum"),
        ([(b"upload-checksum", b"sha1 AAAA"), (b"upload-checksum", b"md5 AAAA")], "bad-checksum"),
        ([(b"upload-checksum", b"sha1 \xff\xff")], "bad-checksum"),
        ([(b"upload-checksum", b"foo AAAA")], "unsupported-checksum"),
        ([(b"upload-checksum", b"sha1 AAAA")], "checksum-mismatch"),
    ],
)
def test_a_trailer_that_is_missing_or_malformed_refuses_the_body(
    trailers: Trailers, code: str
) -> None:
    refusal = Verifier.of_trailer(trailers).refusal()
    assert refusal is not None
    assert refusal.code == code
