"""The checksum extension: what does not match is as if it had never come (tus-matrix, CHK)."""

import re

import pytest

from support import tus
from support.checksums import DATA, DIGESTS, WRONG, header, is_untouched, stored
from support.servers import Server
from support.waiting import until_written


@pytest.fixture
def url(files: str) -> str:
    """An upload that has the first 1000 bytes of DATA."""
    url = tus.created(files, len(DATA))
    assert tus.patch(url, 0, DATA[:1000]).offset == 1000
    return url


# --- what is announced ---------------------------------------------------------------------------


def test_checksums_are_announced(server: Server) -> None:
    """CHK-01."""
    extensions = tus.request("OPTIONS", server.files).headers["tus-extension"].split(",")
    assert "checksum" in extensions
    assert tus.request("GET", f"{server.url}/config").json()["extensions"] == extensions


def test_the_algorithms_are_announced_as_a_list_with_sha1(files: str) -> None:
    """CHK-11."""
    told = tus.request("OPTIONS", files).headers["tus-checksum-algorithm"]
    assert told == "sha1,sha256,sha512,md5,crc32,crc32c"


def test_the_names_of_algorithms_are_ascii_without_capitals(files: str) -> None:
    """CHK-10."""
    told = tus.request("OPTIONS", files).headers["tus-checksum-algorithm"]
    assert all(re.fullmatch(r"[a-z0-9]+", name, re.ASCII) for name in told.split(","))


# --- bodies that match ---------------------------------------------------------------------------


def test_a_patch_without_a_checksum_is_not_checked(url: str) -> None:
    """CHK-02."""
    assert tus.patch(url, 1000, DATA[1000:2000]).offset == 2000
    is_untouched(url, 2000)


def test_a_body_is_verified_when_all_of_it_has_come(server: Server, url: str) -> None:
    """CHK-03: neither a part of it nor a right beginning is enough."""
    rest = DATA[1000:]
    with tus.open_patch(url, 1000, len(rest), headers=header(rest)) as sock:
        sock.sendall(rest[:-1])
        until_written(server.data, url, len(DATA) - 1)
        assert tus.status(url)["offset"] == 1000
        sock.sendall(rest[-1:])
        assert tus.read_answer(sock).status == 204
    assert stored(url) == DATA


def test_a_match_is_answered_like_any_patch(url: str) -> None:
    """CHK-06."""
    answer = tus.patch(url, 1000, DATA[1000:2000], header(DATA[1000:2000]))
    assert (answer.status, answer.offset) == (204, 2000)
    assert "upload-expires" in answer.headers
    is_untouched(url, 2000)


@pytest.mark.parametrize("algorithm", DIGESTS)
def test_each_algorithm_verifies(files: str, algorithm: str) -> None:
    """CHK-09."""
    url = tus.created(files, 18)
    wrong = tus.patch(url, 0, b"123456789", header(b"123456780", algorithm))
    assert (wrong.status, wrong.offset) == (460, 0)
    assert tus.patch(url, 0, b"123456789", header(b"123456789", algorithm)).status == 204
    assert tus.patch(url, 9, b"abcdefghi", header(b"abcdefghi", algorithm)).status == 204
    assert stored(url) == b"123456789abcdefghi"


def test_an_empty_body_has_the_checksum_of_nothing(files: str) -> None:
    """CHK-16, X-04: also at the end of a complete upload."""
    url = tus.created(files, 5)
    nothing = {"Upload-Checksum": "sha1 2jmj7l5rSw0yVb/vlWAYkK/YBwk="}
    for offset in (0, 5):
        assert tus.patch(url, offset, b"", nothing).offset == offset
        wrong = tus.patch(url, offset, b"", WRONG)
        assert (wrong.status, wrong.offset) == (460, offset)
        tus.patch(url, offset, b"12345"[offset:])
    assert stored(url) == b"12345"


# --- bodies that do not --------------------------------------------------------------------------


def test_a_mismatch_is_told_with_the_offset_that_still_counts(url: str) -> None:
    """CHK-05."""
    answer = tus.patch(url, 1000, DATA[1000:], WRONG)
    assert (answer.status, answer.code, answer.offset) == (460, "checksum-mismatch", 1000)
    assert "upload-expires" in answer.headers
    assert "connection" not in answer.headers
    is_untouched(url, 1000)


def test_a_digest_of_another_length_is_a_mismatch_after_the_body(url: str) -> None:
    """CHK-04: the public conformance tests send one."""
    assert tus.patch(url, 1000, b"x", {"Upload-Checksum": "sha1 AAAA"}).status == 460
    is_untouched(url, 1000)


@pytest.mark.parametrize("name", ["foo", "SHA1", "sha-1"])
def test_an_unknown_algorithm_is_refused_before_the_body_is_read(url: str, name: str) -> None:
    """CHK-04."""
    with tus.open_patch(url, 1000, 10, headers={"Upload-Checksum": f"{name} AAAA"}) as sock:
        answer = tus.read_answer(sock)
    assert (answer.status, answer.code) == (400, "unsupported-checksum")
    is_untouched(url, 1000)


@pytest.mark.parametrize(
    "value",
    ["sha1", "sha1 !!!", "sha1  AAAA", "sha1 AAA", "", "sha1 AAAA\r\nUpload-Checksum: sha1 AAAA"],
)
def test_a_header_that_is_not_a_name_a_space_and_base64_is_refused(url: str, value: str) -> None:
    """CHK-12: the last one is two headers."""
    with tus.open_patch(url, 1000, 10, headers={"Upload-Checksum": value}) as sock:
        answer = tus.read_answer(sock)
    assert (answer.status, answer.code) == (400, "bad-checksum")
    is_untouched(url, 1000)


def test_an_upload_that_does_not_exist_is_told_before_a_bad_checksum(files: str) -> None:
    gone = f"{files}/{'n' * 32}"
    assert tus.patch(gone, 0, b"x", {"Upload-Checksum": "foo"}).status == 404


def test_what_did_not_match_is_discarded(url: str) -> None:
    """CHK-07: several times over, longer and shorter than what comes in its place."""
    for size in (10, 200_000, len(DATA) - 1000):
        assert tus.patch(url, 1000, b"x" * size, WRONG).status == 460
        assert tus.head(url).offset == 1000
    is_untouched(url, 1000)


def test_a_mismatch_in_the_last_body_does_not_finish_the_upload(url: str) -> None:
    """CHK-07."""
    assert tus.patch(url, 1000, b"x" * (len(DATA) - 1000), WRONG).status == 460
    assert tus.status(url)["phase"] == "receiving"
    is_untouched(url, 1000)


def test_a_refused_body_declares_no_length(files: str) -> None:
    """CHK-08: the upload is not updated, in nothing."""
    url = tus.created(files, None)
    assert tus.patch(url, 0, b"12345", WRONG | {"Upload-Length": "5"}).status == 460
    assert tus.head(url).headers["upload-defer-length"] == "1"
    assert tus.patch(url, 0, b"123", header(b"123") | {"Upload-Length": "3"}).status == 204
    assert stored(url) == b"123"


def test_a_body_that_is_too_long_is_refused_for_that(files: str) -> None:
    url = tus.created(files, 5)
    chunked = header(b"12345") | {"Transfer-Encoding": "chunked"}
    with tus.open_patch(url, 0, 0, headers=chunked, sized=False) as sock:
        sock.sendall(b"5\r\n12345\r\n1\r\n6\r\n0\r\n\r\n")
        assert tus.read_answer(sock).status == 413
    assert tus.head(url).offset == 0


def test_bytes_that_are_not_verified_are_seen_by_nobody(server: Server, url: str) -> None:
    """CHK-08: neither the status tells of them, nor HEAD, which ends the request."""
    with tus.open_patch(url, 1000, len(DATA) - 1000, headers=header(DATA[1000:])) as sock:
        sock.sendall(DATA[1000:200_000])
        until_written(server.data, url, 200_000)
        assert tus.status(url)["offset"] == 1000
        assert tus.head(url).offset == 1000
        answer = tus.read_answer(sock)
        assert (answer.status, answer.offset) == (423, 1000)
    is_untouched(url, 1000)
