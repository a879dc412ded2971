"""Two readings of one request, and requests in a heap: refused, closed, and nothing smuggled."""

import os
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from support import tus
from support.servers import Server, running_server
from support.wire import answers, connected, exchange, until_closed

HEAD_SECONDS = 0.5
LOOK = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
SMUGGLED = (
    b"POST /files HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nUpload-Length: 1\r\n"
    b"Upload-Metadata: filename c211Z2dsZWQ=\r\nConnection: close\r\n\r\n"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    folder: Path = tmp_path_factory.mktemp("framing")
    with running_server(folder, types="*", head_seconds=HEAD_SECONDS) as running:
        yield running
    assert "Traceback" not in running.log
    assert "Exception" not in running.log


def request(target: str, *lines: str, method: str = "PATCH") -> bytes:
    """Head of a request that the server would take, but for `lines`."""
    own = ("Host: x", "Tus-Resumable: 1.0.0", "Upload-Offset: 0")
    head = [f"{method} {target} HTTP/1.1", *own, f"Content-Type: {tus.OFFSET_STREAM}", *lines]
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n"


def path(url: str) -> str:
    return "/files/" + url.rpartition("/")[2]


CHUNKED = "Transfer-Encoding: chunked"
AMBIGUOUS = [
    ("Content-Length: 5", CHUNKED),
    (CHUNKED, "Content-Length: 5"),
    ("Content-Length: 0", CHUNKED),
    (CHUNKED, CHUNKED),
    (CHUNKED, "Transfer-Encoding: identity"),
    ("Transfer-Encoding: identity", CHUNKED),
    ("Transfer-Encoding: chunked, chunked",),
    ("Transfer-Encoding: chunked, identity",),
    ("Transfer-Encoding: identity, chunked",),
    ("Transfer-Encoding: gzip, chunked",),
    ("Transfer-Encoding: identity",),
    ("Transfer-Encoding: xchunked",),
    ('Transfer-Encoding: "chunked"',),
    ("Transfer-Encoding: chunked;q=1",),
    ("Transfer-Encoding: \x0bchunked",),
    ("Transfer-Encoding : chunked",),
    ("Transfer-Encoding:\r\n chunked",),
    ("Transfer-Encoding:",),
    ("Content-Length: 5", "Content-Length: 5"),
    ("Content-Length: 5", "Content-Length: 6"),
    ("Content-Length: +5",),
    ("Content-Length: -5",),
    ("Content-Length: 5, 5",),
    ("Content-Length: 5 5",),
    ("Content-Length: 0x5",),
    ("Content-Length:",),
    ("Content-Length:\r\n 5",),
    ("Content-Length: 18446744073709551621",),
    ("Content-Length: 5", "Host: y"),
    ("Content-Length: 5", " folded: x"),
    ("Content-Length: 5", "X: a\rb"),
    ("Content-Length: 5", "X: a\0b"),
]


@pytest.mark.parametrize("lines", AMBIGUOUS, ids=lambda lines: " | ".join(map(repr, lines)))
@pytest.mark.parametrize("asked", ["PATCH", "OPTIONS", "GET"])
def test_an_ambiguous_request_is_refused_closed_and_nothing_behind_it_is_read(
    server: Server, lines: tuple[str, ...], asked: str
) -> None:
    url = tus.created(server.files, 100)
    target = {"PATCH": path(url), "OPTIONS": "/files", "GET": "/config"}[asked]
    data = exchange(server.port, request(target, *lines, method=asked), b"0\r\n\r\n", SMUGGLED)
    (answer,) = answers(data)
    assert answer.status == 400
    assert answer.headers["connection"] == "close"
    assert tus.head(url).offset == 0


@pytest.mark.parametrize(
    "chunks",
    [
        b"5\r\n12345",  # no end of the chunk
        b"+5\r\n12345\r\n0\r\n\r\n",
        b"0x5\r\n12345\r\n0\r\n\r\n",
        b"-5\r\n12345\r\n0\r\n\r\n",
        b"5 \r\n12345\r\n0\r\n\r\n",
        b"5\n12345\r\n0\r\n\r\n",
        b"5\r\n12345\n0\r\n\r\n",
        b"5;a\nb\r\n12345\r\n0\r\n\r\n",
        b"10000000000000005\r\n12345\r\n0\r\n\r\n",
        b"\r\n0\r\n\r\n",
    ],
)
def test_after_a_bad_chunk_nothing_is_read(server: Server, chunks: bytes) -> None:
    url = tus.created(server.files, 100)
    data = exchange(server.port, request(path(url), CHUNKED), chunks, SMUGGLED)
    assert [answer.status for answer in answers(data)] == [400]
    assert tus.head(url).offset <= 5


@pytest.mark.parametrize("length", ["5", " 5", "05"])
def test_a_length_that_can_be_read_in_one_way_only_is_taken(server: Server, length: str) -> None:
    url = tus.created(server.files, 5)
    head = request(path(url), f"Content-Length:{length}")
    assert [a.status for a in answers(exchange(server.port, head, b"12345", LAST))] == [204, 200]


@pytest.mark.parametrize("coding", ["chunked", "Chunked", " chunked ", "\tchunked"])
def test_a_coding_that_can_be_read_in_one_way_only_is_taken(server: Server, coding: str) -> None:
    url = tus.created(server.files, 5)
    head = request(path(url), f"Transfer-Encoding:{coding}")
    data = exchange(server.port, head, b"5;ext=1\r\n12345\r\n0\r\nUpload-Offset: 9\r\n\r\n", LAST)
    assert [answer.status for answer in answers(data)] == [204, 200]


def test_a_request_without_a_host_is_refused(server: Server) -> None:
    data = exchange(server.port, b"GET /healthz HTTP/1.1\r\n\r\n")
    assert [answer.status for answer in answers(data)] == [400]
    data = exchange(server.port, b"GET /healthz HTTP/1.0\r\n\r\n")
    assert [answer.status for answer in answers(data)] == [200]


def test_a_bad_request_behind_a_good_one_leaves_it_its_answer(server: Server) -> None:
    data = exchange(server.port, LOOK + b"GARBAGE\r\n\r\n" + SMUGGLED)
    assert [answer.status for answer in answers(data)] == [200]


def test_a_bad_body_behind_a_good_request_leaves_it_its_answer(server: Server) -> None:
    url = tus.created(server.files, 100)
    data = exchange(server.port, LOOK + request(path(url), CHUNKED) + b"5\r\n12345XX" + SMUGGLED)
    assert [answer.status for answer in answers(data)] == [200]
    assert tus.head(url).offset == 0


@pytest.mark.parametrize("behind", [b"GARBAGE\r\n\r\n", b"GET /slow", b"X: " + b"x" * 70_000])
def test_what_comes_behind_never_lands_in_an_answer_under_way(
    server: Server, behind: bytes
) -> None:
    content = os.urandom(9_000_000)
    url = tus.upload(server.files, content)
    with connected(server.port) as sock:
        sock.sendall(f"GET {path(url)} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        begun = sock.recv(1000)
        sock.sendall(behind)
        time.sleep(1.5 * HEAD_SECONDS)  # by then a head that does not end is too slow, too
        (answer,) = answers(begun + until_closed(sock))
    assert answer.body == content


def test_few_requests_may_wait_and_those_are_answered(server: Server) -> None:
    data = exchange(server.port, LOOK * 5000)
    assert {answer.status for answer in answers(data)} == {200}
    assert len(answers(data)) == 16


def test_a_request_to_upgrade_is_answered_and_ends_the_connection(server: Server) -> None:
    upgrade = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    data = exchange(server.port, upgrade + SMUGGLED)
    assert [answer.status for answer in answers(data)] == [200]


def test_a_body_that_comes_with_an_upgrade_is_stored(server: Server) -> None:
    """As Java's HttpClient sends its first request."""
    url = tus.created(server.files, 10)
    asked = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "Content-Length: 10")
    with connected(server.port) as sock:
        sock.sendall(request(path(url), *asked) + b"12345")
        assert tus.request("GET", f"{server.url}/healthz").status == 200
        sock.sendall(b"67890")
        assert [answer.status for answer in answers(until_closed(sock))] == [204]


def test_an_event_stream_with_a_request_behind_it_ends_when_the_client_leaves(
    server: Server,
) -> None:
    url = tus.created(server.files, 10)
    watch = f"GET /uploads/events?ids={url.rpartition('/')[2]} HTTP/1.1\r\nHost: x\r\n\r\n"
    with connected(server.port) as sock:
        sock.sendall(watch.encode() + LOOK)
        while b"event: upload" not in sock.recv(65536):
            pass
    for offset in range(10):
        assert tus.patch(url, offset, b"x").status == 204
    assert tus.status(url)["phase"] != "receiving"
    # An event written to a connection that is gone would be in the log, which the fixture reads.


@pytest.mark.parametrize(
    ("length", "rest"), [(b"0", b"\r\n"), (b"9", b""), (b"9", b"12345678")], ids=str
)
def test_no_connection_stays_for_bytes_that_lead_to_nothing(
    server: Server, length: bytes, rest: bytes
) -> None:
    """An empty line, or the body of a request that is answered already."""
    with connected(server.port) as sock:
        sock.sendall(b"OPTIONS /files HTTP/1.1\r\nHost: x\r\nContent-Length: " + length)
        sock.sendall(b"\r\n\r\n")
        (answer,) = answers(sock.recv(65536))
        assert answer.status == 200
        sock.sendall(rest)
        assert until_closed(sock) == b""


def test_a_connection_rests_when_a_body_came_after_its_answer(server: Server) -> None:
    with connected(server.port) as sock:
        sock.sendall(b"OPTIONS /files HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n")
        (answer,) = answers(sock.recv(65536))
        assert answer.status == 200
        sock.sendall(b"123456789")
        sock.settimeout(3 * HEAD_SECONDS)
        with pytest.raises(TimeoutError):  # it is kept, as between any two requests
            sock.recv(1)
        sock.sendall(LAST)
        assert [answer.status for answer in answers(until_closed(sock))] == [200]
