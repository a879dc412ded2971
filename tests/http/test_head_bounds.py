"""What comes before a body is bounded, too: in bytes and in time; and trailers are no headers."""

import socket
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

import pytest

from support import tus
from support.servers import Server, running_server

HEAD_BYTES = 16 * 1024
READING = 256 * 1024
"""The most that the event loop reads at once: what a head may have beyond HEAD_BYTES depends on it.
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    folder: Path = tmp_path_factory.mktemp("head")
    with running_server(
        folder, types="*", head_bytes=HEAD_BYTES, head_seconds=0.5, body_idle=2
    ) as running:
        yield running


def connected(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=10)


def received(sock: socket.socket) -> bytes:
    """Everything until the server closes."""
    data = b""
    try:
        while piece := sock.recv(65536):
            data += piece
    except ConnectionResetError:
        pass
    return data


@pytest.mark.parametrize(
    "flood",
    [
        b"X-n: b\r\n" * 10_000,
        b"X-long: " + b"b" * 60_000,
        b"X-whole: " + b"b" * (HEAD_BYTES + 2 * READING) + b"\r\n\r\n",
    ],
)
def test_a_flood_of_headers_is_refused(server: Server, flood: bytes) -> None:
    with connected(server) as sock:
        try:
            sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + flood)
        except ConnectionError:
            return
        answer = received(sock)
        assert not answer or b" 431 " in answer
    assert tus.request("GET", f"{server.url}/healthz").status == 200


def test_a_flood_of_trailers_is_cut_off_and_the_bytes_before_it_are_kept(server: Server) -> None:
    url = tus.created(server.files, 10)
    chunked = {"Transfer-Encoding": "chunked"}
    with tus.open_patch(url, 0, 0, headers=chunked, sized=False) as sock:
        sock.sendall(b"5\r\n12345\r\n0\r\n")
        with suppress(ConnectionError):
            sock.sendall(b"X-n: b\r\n" * 200_000)
        assert received(sock) == b""
    assert tus.head(url).offset <= 5


@pytest.mark.parametrize("read", [True, False])
def test_trailers_that_trickle_do_not_keep_a_connection(server: Server, read: bool) -> None:
    """They are no bytes of the body: it is idle for whoever reads it, and late for who does not."""
    url = tus.created(server.files, 10) if read else f"{server.files}/{'0' * 32}"
    chunked = {"Transfer-Encoding": "chunked"}
    with tus.open_patch(url, 0, 0, headers=chunked, sized=False) as sock:
        sock.sendall(b"5\r\n12345\r\n0\r\nX-slow: ")
        sock.settimeout(0.05)
        assert trickled(sock).startswith(b"HTTP/1.1 503" if read else b"HTTP/1.1 404")


def trickled(sock: socket.socket) -> bytes:
    """What comes until the server closes, while a byte is sent every now and then."""
    data = b""
    for _ in range(200):
        try:
            sock.sendall(b"b")
            piece = sock.recv(65536)
        except TimeoutError:
            continue
        except ConnectionError:
            return data
        if not piece:
            return data
        data += piece
    raise AssertionError("the connection stays")


def test_a_large_body_brings_no_credit_for_trailers(server: Server) -> None:
    url = tus.created(server.files, 4_000_000)
    chunked = {"Transfer-Encoding": "chunked"}
    with tus.open_patch(url, 0, 0, headers=chunked, sized=False) as sock:
        sock.sendall(b"3d0900\r\n" + bytes(4_000_000) + b"\r\n0\r\n")
        with pytest.raises(ConnectionError):  # after far less than eight times the body
            sock.sendall(b"X-n: b\r\n" * 1_600_000)
    assert tus.head(url).offset <= 4_000_000


@pytest.mark.parametrize("begun", [b"", b"GET /healthz HTTP/1.1\r\nHost:"])
def test_a_connection_that_sends_no_whole_head_is_closed(server: Server, begun: bytes) -> None:
    with connected(server) as sock:
        sock.sendall(begun)
        assert received(sock) == b""


def test_a_kept_connection_may_rest_between_requests(server: Server) -> None:
    with connected(server) as sock:
        for _ in range(2):
            sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert tus.read_answer(sock).status == 200
            sock.settimeout(1)
            with pytest.raises(TimeoutError):  # longer than a head may take
                sock.recv(1)
            sock.settimeout(10)


def test_trailers_never_count_as_headers(server: Server) -> None:
    url = tus.created(server.files, 5)
    path = url.removeprefix(server.url)
    with connected(server) as sock:
        sock.sendall(
            f"PATCH {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
            f"Content-Type: {tus.OFFSET_STREAM}\r\n\r\n5\r\n12345\r\n0\r\n"
            "Tus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n\r\n".encode()
        )
        assert tus.read_answer(sock).status == 412
    assert tus.head(url).offset == 0


def test_small_chunks_are_no_flood(server: Server) -> None:
    url = tus.created(server.files, 50_000)
    chunked = {"Transfer-Encoding": "chunked"}
    with tus.open_patch(url, 0, 0, headers=chunked, sized=False) as sock:
        sock.sendall(b"1\r\nx\r\n" * 50_000 + b"0\r\n\r\n")
        assert tus.read_answer(sock).status == 204


def test_another_transfer_coding_is_refused(server: Server) -> None:
    url = tus.created(server.files, 5)
    coded = {"Transfer-Encoding": "gzip, chunked"}
    with tus.open_patch(url, 0, 0, headers=coded, sized=False) as sock:
        sock.sendall(b"5\r\n12345\r\n0\r\n\r\n")
        assert tus.read_answer(sock).status == 400
    assert tus.head(url).offset == 0


def test_a_length_declared_by_a_refused_request_does_not_count(server: Server) -> None:
    url = tus.created(server.files, None)
    declared = {"Transfer-Encoding": "chunked", "Upload-Length": "5"}
    with tus.open_patch(url, 0, 0, headers=declared, sized=False) as sock:
        sock.sendall(b"9\r\n123456789\r\n0\r\n\r\n")
        assert tus.read_answer(sock).status == 413
    assert "upload-length" not in tus.head(url).headers


def test_an_event_stream_cannot_be_forged(server: Server) -> None:
    forged = "x%0a%0aevent:%20upload%0adata:%20{}"
    assert tus.request("GET", f"{server.url}/uploads/events?ids={forged}").status == 400


@pytest.mark.parametrize("path", ["config/", "uploads/nobody-0000000000/", "uploads/events/"])
def test_nothing_redirects(server: Server, path: str) -> None:
    answer = tus.request("GET", f"{server.url}/{path}")
    assert answer.status in (200, 400, 404)
    assert "access-control-allow-origin" in answer.headers


def test_a_method_that_is_not_allowed_is_told_which_are(server: Server) -> None:
    version = {"Tus-Resumable": "1.0.0"}
    assert tus.request("PUT", server.files, version).headers["allow"] == "OPTIONS, POST"
    url = tus.created(server.files, 5)
    assert "PATCH" in tus.request("POST", url, version).headers["allow"]
