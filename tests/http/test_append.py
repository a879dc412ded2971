"""PATCH: where bytes go, what is refused, and how a request that ends early is answered."""

import hashlib
import time

import pytest

from support import tus
from support.servers import Server
from support.waiting import until_written

DEADLINE, IDLE = 2.0, 1.0  # as the server of conftest.py has them
WIDE = "\xef\xbc\x91"  # a full-width 1 in UTF-8, as it arrives
DATA = hashlib.shake_128(b"append").digest(300_000)


def stored(url: str) -> bytes:
    answer = tus.request("GET", url)
    assert answer.status == 200
    return answer.body


def test_pieces_of_any_size_add_up_to_the_file(files: str) -> None:
    url = tus.created(files, len(DATA))
    offset = 0
    for size in (1, 1, 65_535, 65_536, 65_537, 0, len(DATA)):
        answer = tus.patch(url, offset, DATA[offset : offset + size])
        offset = min(offset + size, len(DATA))
        assert (answer.status, answer.offset) == (204, offset)
        assert answer.headers["tus-resumable"] == "1.0.0"
    assert stored(url) == DATA


@pytest.mark.parametrize(
    "kind", [None, "text/plain", "application/octet-stream", "application/offset+octet-streamx"]
)
def test_another_content_type_is_refused(files: str, kind: str | None) -> None:
    url = tus.created(files, 5)
    headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0"}
    if kind:
        headers["Content-Type"] = kind
    assert tus.request("PATCH", url, headers, b"12345").status == 415
    assert tus.head(url).offset == 0


def test_the_content_type_counts_without_case_and_parameters(files: str) -> None:
    url = tus.created(files, 5)
    kind = {"Content-Type": "Application/Offset+Octet-Stream; x=y"}
    assert tus.patch(url, 0, b"12345", kind).status == 204


@pytest.mark.parametrize(
    "offset", ["-1", "+1", "1.0", "0x1", "", " ", "\xb2", WIDE, str(2**63), None]
)
def test_an_offset_that_is_no_count_is_refused(files: str, offset: str | None) -> None:
    url = tus.created(files, 5)
    headers = {"Tus-Resumable": "1.0.0", "Content-Type": tus.OFFSET_STREAM}
    if offset is not None:
        headers["Upload-Offset"] = offset
    assert tus.request("PATCH", url, headers, b"12345").status == 400
    assert tus.head(url).offset == 0


@pytest.mark.parametrize("offset", [0, 4, 6, 2**62])
def test_a_wrong_offset_is_told_the_right_one_and_changes_nothing(files: str, offset: int) -> None:
    url = tus.created(files, 10)
    tus.patch(url, 0, b"12345")
    answer = tus.patch(url, offset, b"xxxxx")
    assert (answer.status, answer.offset) == (409, 5)
    assert "upload-expires" in answer.headers
    assert tus.patch(url, 5, b"67890").status == 204
    assert stored(url) == b"1234567890"


def test_a_wrong_offset_is_told_before_the_body_is_sent(files: str) -> None:
    url = tus.created(files, 10)
    with tus.open_patch(url, 7, 3) as sock:
        answer = tus.read_answer(sock)
        assert (answer.status, answer.offset) == (409, 0)
        assert answer.headers["connection"] == "close"


def test_a_body_known_to_be_too_long_is_refused_unread(files: str) -> None:
    url = tus.created(files, 5)
    with tus.open_patch(url, 0, 6) as sock:
        assert tus.read_answer(sock).status == 413
    assert tus.head(url).offset == 0


def test_a_chunked_body_that_turns_out_too_long_never_finishes_the_upload(files: str) -> None:
    url = tus.created(files, 5)
    chunked = {"Transfer-Encoding": "chunked"}
    with tus.open_patch(url, 0, 0, headers=chunked, sized=False) as sock:
        sock.sendall(b"5\r\n12345\r\n")
        sock.sendall(b"3\r\nxyz\r\n0\r\n\r\n")
        assert tus.read_answer(sock).status == 413
    assert tus.head(url).offset < 5
    assert tus.status(url)["phase"] == "receiving"


def test_a_chunked_body_is_taken(files: str) -> None:
    url = tus.created(files, 5)
    with tus.open_patch(url, 0, 0, headers={"Transfer-Encoding": "chunked"}, sized=False) as sock:
        sock.sendall(b"2\r\n12\r\n3\r\n345\r\n0\r\n\r\n")
        answer = tus.read_answer(sock)
    assert (answer.status, answer.offset) == (204, 5)
    assert stored(url) == b"12345"


def test_an_empty_patch_on_a_finished_upload_is_a_success_and_bytes_are_not(files: str) -> None:
    url = tus.upload(files, b"12345")
    assert tus.patch(url, 5, b"").offset == 5
    assert tus.patch(url, 5, b"6").status == 413
    assert tus.patch(url, 0, b"12345").status == 409
    assert stored(url) == b"12345"


def test_a_client_that_waits_for_100_continue_gets_it_even_when_all_is_there(files: str) -> None:
    url = tus.upload(files, b"12345")
    with tus.open_patch(url, 5, 0, headers={"Expect": "100-continue"}) as sock:
        assert sock.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert tus.read_answer(sock).status == 204


def test_a_refused_client_that_waits_for_100_continue_gets_the_refusal(files: str) -> None:
    url = tus.created(files, 10)
    with tus.open_patch(url, 5, 5, headers={"Expect": "100-continue"}) as sock:
        assert tus.read_answer(sock).status == 409


# --- deferred length ---------------------------------------------------------------------------


def test_a_deferred_length_is_declared_with_any_patch(files: str) -> None:
    url = tus.created(files, None)
    assert tus.patch(url, 0, b"123").status == 204
    answer = tus.head(url)
    assert answer.headers["upload-defer-length"] == "1"
    assert "upload-length" not in answer.headers
    assert tus.patch(url, 3, b"", {"Upload-Length": "2"}).status == 400
    assert tus.patch(url, 3, b"45", {"Upload-Length": "5"}).offset == 5
    answer = tus.head(url)
    assert answer.headers["upload-length"] == "5"
    assert "upload-defer-length" not in answer.headers
    assert stored(url) == b"12345"


def test_an_empty_patch_that_declares_the_offset_as_length_finishes(files: str) -> None:
    url = tus.created(files, None)
    tus.patch(url, 0, b"123")
    assert tus.patch(url, 3, b"", {"Upload-Length": "3"}).status == 204
    assert stored(url) == b"123"


def test_a_deferred_upload_does_not_pass_the_maximum(files: str) -> None:
    url = tus.created(files, None)
    answer = tus.patch(url, 0, b"x" * 1_000_001)
    assert answer.status == 413
    assert tus.head(url).offset == 0
    assert tus.patch(url, 0, b"x", {"Upload-Length": "1000001"}).status == 413


# --- requests that end early -------------------------------------------------------------------


def test_a_broken_connection_keeps_what_came(server: Server, files: str) -> None:
    url = tus.created(files, len(DATA))
    least = 200_000 - 128 * 1024  # the reset takes away what the server has not read yet
    with tus.open_patch(url, 0, len(DATA)) as sock:
        sock.sendall(DATA[:200_000])
        until_written(server.data, url, least)
    kept = tus.head(url).offset
    assert least <= kept <= 200_000
    assert tus.patch(url, kept, DATA[kept:]).status == 204
    assert stored(url) == DATA


def test_a_silent_client_is_let_go_and_its_bytes_are_kept(files: str) -> None:
    url = tus.created(files, 10)
    began = time.monotonic()
    with tus.open_patch(url, 0, 10) as sock:
        sock.sendall(b"12345")
        answer = tus.read_answer(sock)
    assert time.monotonic() - began < IDLE + 1
    assert (answer.status, answer.code, answer.offset) == (503, "body-idle", 5)


@pytest.mark.parametrize(
    ("client", "status"),
    [
        (tus.AS_TUSPY, 204),
        ({"User-Agent": "python-requests/2.32"}, 503),
        ({"Origin": "https://example.org"}, 503),
        ({"User-Agent": "curl/8.0"}, 503),
        ({}, 503),
    ],
)
def test_at_the_deadline_only_a_client_that_seeks_is_told_a_short_success(
    files: str, client: dict[str, str], status: int
) -> None:
    url = tus.created(files, 100)
    began = time.monotonic()
    with tus.open_patch(url, 0, 100, headers=client) as sock:
        sock.settimeout(0.05)
        sent = 0
        while sent < 99 and time.monotonic() - began < DEADLINE + 1:
            sock.sendall(b"x")
            sent += 1
            try:
                if sock.recv(1, 2):  # MSG_PEEK: the answer has begun
                    break
            except TimeoutError:
                continue
        sock.settimeout(5)
        answer = tus.read_answer(sock)
    assert answer.status == status
    assert answer.headers["connection"] == "close"
    assert 0 < answer.offset < 100
    assert tus.patch(url, answer.offset, b"y" * (100 - answer.offset)).status == 204


# --- two writers -------------------------------------------------------------------------------


def test_a_newcomer_takes_over_and_keeps_what_the_holder_had(server: Server) -> None:
    url = tus.created(server.files, 10)
    with tus.open_patch(url, 0, 10) as holder:
        holder.sendall(b"12345")
        until_written(server.data, url, 5)
        began = time.monotonic()
        assert tus.head(url).offset == 5
        assert time.monotonic() - began < 0.5
        answer = tus.read_answer(holder)
        assert (answer.status, answer.headers["connection"]) == (423, "close")
    assert tus.patch(url, 5, b"67890").status == 204
    assert stored(url) == b"1234567890"


def test_a_newcomer_at_an_old_offset_is_told_the_new_one(server: Server) -> None:
    url = tus.created(server.files, 10)
    with tus.open_patch(url, 0, 10) as holder:
        holder.sendall(b"12345")
        until_written(server.data, url, 5)
        answer = tus.patch(url, 0, b"abcdefghij")
        assert (answer.status, answer.offset) == (409, 5)


def test_a_stale_resend_disturbs_nobody(files: str) -> None:
    url = tus.created(files, 10)
    tus.patch(url, 0, b"12")
    with tus.open_patch(url, 2, 8) as holder:
        holder.sendall(b"345")
        assert tus.patch(url, 0, b"12").status == 409
        holder.sendall(b"67890")
        assert tus.read_answer(holder).status == 204
    assert stored(url) == b"1234567890"


def test_looking_at_the_status_disturbs_nobody(files: str) -> None:
    url = tus.created(files, 10)
    with tus.open_patch(url, 0, 10) as holder:
        holder.sendall(b"12345")
        assert tus.status(url)["phase"] == "receiving"
        holder.sendall(b"67890")
        assert tus.read_answer(holder).status == 204


def test_the_override_header_stands_for_the_method(server: Server) -> None:
    url = tus.created(server.files, 5)
    headers = {
        "Tus-Resumable": "1.0.0",
        "Upload-Offset": "0",
        "Content-Type": tus.OFFSET_STREAM,
    }
    for name in ("PATCH", "Patch", "patch"):
        override = headers | {"X-HTTP-Method-Override": name}
        answer = tus.request("POST", url, override, b"")
        assert answer.status == 204
    override = headers | {"X-HTTP-Method-Override": "HEAD"}
    assert tus.request("POST", url, override).headers["upload-offset"] == "0"
    override = headers | {"X-HTTP-Method-Override": "DELETE"}
    assert tus.request("POST", url, override).status == 204
    unknown = headers | {"X-HTTP-Method-Override": "BREW"}
    assert tus.request("POST", url, unknown).status == 405
    creation = {"Tus-Resumable": "1.0.0", "Upload-Length": "5", "X-HTTP-Method-Override": "Post"}
    assert tus.request("POST", server.files, creation).status == 201
