"""Checksums that follow a chunked body (CHK-13): taken where announced, and no header ever."""

import io
import socket
import sys
from pathlib import Path

import pytest

from support import tus
from support.checksums import (
    ANNOUNCED,
    DIGESTS,
    WRONG,
    checksum,
    chunk,
    header,
    last_chunk,
    stored,
)
from support.servers import Server, running_server
from support.tus import Answer

APP = Path(__file__).parents[1] / "support" / "embedded_app.py"
BODY = b"123456789"
RIGHT = f"Upload-Checksum: {checksum(BODY)}"
FALSE = f"Upload-Checksum: {WRONG['Upload-Checksum']}"


@pytest.fixture
def url(files: str) -> str:
    return tus.created(files, len(BODY))


def patch(url: str, *trailers: str, headers: dict[str, str] = ANNOUNCED) -> Answer:
    """A chunked PATCH of BODY, and what follows it."""
    with tus.open_patch(url, 0, 0, headers=headers, sized=False) as sock:
        sock.sendall(chunk(BODY[:4]) + chunk(BODY[4:]) + last_chunk(*trailers))
        return tus.read_answer(sock)


def head_of(url: str, headers: dict[str, str] = ANNOUNCED) -> bytes:
    """The head of a PATCH at 0, as raw bytes."""
    path = "/" + url.split("/", 3)[3]
    sent = {"Host": "x", "Tus-Resumable": "1.0.0", "Upload-Offset": "0"}
    sent |= {"Content-Type": tus.OFFSET_STREAM} | headers
    lines = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
    return f"PATCH {path} HTTP/1.1\r\n{lines}\r\n".encode()


def answers(stream: io.BufferedIOBase, count: int) -> list[tuple[int, str]]:
    """Status and code of so many answers on one connection."""
    told = []
    for _ in range(count):
        status = int(stream.readline().split()[1])
        length = 0
        while (line := stream.readline().strip().lower()) != b"":
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        told.append((status, stream.read(length).decode().partition(":")[0]))
    return told


def connected(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=tus.TIMEOUT)


# --- what is taken -------------------------------------------------------------------------------


def test_checksums_in_trailers_are_announced(server: Server) -> None:
    extensions = tus.request("OPTIONS", server.files).headers["tus-extension"].split(",")
    assert "checksum-trailer" in extensions
    assert tus.request("GET", f"{server.url}/config").json()["extensions"] == extensions


@pytest.mark.parametrize("algorithm", DIGESTS)
def test_a_body_is_verified_by_its_trailer(url: str, algorithm: str) -> None:
    wrong = patch(url, f"Upload-Checksum: {checksum(b'something else', algorithm)}")
    assert (wrong.status, wrong.code, wrong.offset) == (460, "checksum-mismatch", 0)
    right = patch(url, f"Upload-Checksum: {checksum(BODY, algorithm)}")
    assert (right.status, right.offset) == (204, len(BODY))
    assert stored(url) == BODY


def test_names_in_trailers_count_without_case_and_among_others(url: str) -> None:
    announced = ANNOUNCED | {"Trailer": "x-first,  UPLOAD-checksum , X-Last"}
    answer = patch(url, "X-First: 1", RIGHT.upper()[:15] + RIGHT[15:], "x-last:", headers=announced)
    assert answer.status == 204
    assert stored(url) == BODY


def test_a_creation_is_verified_by_its_trailer(server: Server) -> None:
    """CWU-08."""
    head = head_of(f"{server.url}/files", ANNOUNCED | {"Upload-Length": "18"})
    post = head.replace(b"PATCH", b"POST", 1)
    with connected(server) as sock:
        sock.sendall((post + chunk(BODY) + last_chunk(FALSE)) * 2)
        sock.sendall(post + chunk(BODY) + last_chunk(RIGHT))
        told = answers(sock.makefile("rb"), 3)
    assert told == [(460, "checksum-mismatch"), (460, "checksum-mismatch"), (201, "")]


# --- however it comes ----------------------------------------------------------------------------


@pytest.mark.parametrize(("trailer", "status"), [(RIGHT, 204), (FALSE, 460)])
def test_head_body_and_trailer_may_come_in_one_packet(
    server: Server, url: str, trailer: str, status: int
) -> None:
    with connected(server) as sock:
        sock.sendall(head_of(url) + chunk(BODY) + last_chunk(trailer))
        assert tus.read_answer(sock).status == status
    assert tus.head(url).offset == (len(BODY) if status == 204 else 0)


@pytest.mark.parametrize(("trailer", "status"), [(RIGHT, 204), (FALSE, 460)])
def test_a_request_may_come_byte_by_byte(
    server: Server, url: str, trailer: str, status: int
) -> None:
    with connected(server) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in head_of(url) + chunk(BODY) + last_chunk(trailer):
            sock.sendall(bytes([byte]))
        assert tus.read_answer(sock).status == status


def test_trailers_of_requests_in_one_packet_do_not_mix(server: Server) -> None:
    urls = [tus.created(server.files, len(BODY)) for _ in range(4)]
    trailers = [[FALSE], [], [RIGHT], []]
    heads = [ANNOUNCED, ANNOUNCED, ANNOUNCED, {"Transfer-Encoding": "chunked"}]
    with connected(server) as sock:
        sock.sendall(
            b"".join(
                head_of(url, head) + chunk(BODY) + last_chunk(*trailer)
                for url, head, trailer in zip(urls, heads, trailers, strict=True)
            )
        )
        told = answers(sock.makefile("rb"), 4)
    assert told == [(460, "checksum-mismatch"), (400, "bad-checksum"), (204, ""), (204, "")]
    assert [tus.head(url).offset for url in urls] == [0, 0, len(BODY), len(BODY)]


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trailers", "code"),
    [
        ([], "bad-checksum"),
        (["Upload_Checksum: sha1 AAAA"], "bad-checksum"),
        (["Upload-Checksum: sha1"], "bad-checksum"),
        (["Upload-Checksum: sha1 !!!"], "bad-checksum"),
        ([RIGHT, RIGHT], "bad-checksum"),
        ([RIGHT, FALSE], "bad-checksum"),
        (["Upload-Checksum: foo AAAA"], "unsupported-checksum"),
    ],
)
def test_an_announced_trailer_that_is_missing_or_malformed_discards_the_body(
    url: str, trailers: list[str], code: str
) -> None:
    answer = patch(url, *trailers)
    assert (answer.status, answer.code, answer.offset) == (400, code, 0)
    assert tus.head(url).offset == 0
    assert patch(url, RIGHT).status == 204
    assert stored(url) == BODY


def test_a_trailer_that_was_not_announced_is_ignored(url: str) -> None:
    assert patch(url, FALSE, headers={"Transfer-Encoding": "chunked"}).status == 204
    assert stored(url) == BODY


@pytest.mark.parametrize(
    "headers", [header(BODY) | ANNOUNCED, {"Content-Length": "9", "Trailer": "Upload-Checksum"}]
)
def test_a_checksum_in_both_places_or_in_none_is_refused_at_once(
    url: str, headers: dict[str, str]
) -> None:
    with tus.open_patch(url, 0, 0, headers=headers, sized=False) as sock:
        answer = tus.read_answer(sock)
    assert (answer.status, answer.code) == (400, "bad-checksum")
    assert tus.head(url).offset == 0


def test_a_line_that_breaks_within_the_trailers_keeps_nothing(url: str) -> None:
    with tus.open_patch(url, 0, 0, headers=ANNOUNCED, sized=False) as sock:
        sock.sendall(chunk(BODY) + f"0\r\n{RIGHT}\r\n".encode())
    assert tus.head(url).offset == 0
    assert patch(url, RIGHT).status == 204


@pytest.mark.parametrize(
    "hostile",
    [
        "Upload-Offset: 5",
        "Upload-Length: 4",
        "Tus-Resumable: 9.9.9",
        "X-HTTP-Method-Override: DELETE",
        "Content-Type: text/plain",
        "Trailer: Upload-Offset",
        "Expect: 100-continue",
        "Authorization: nobody",
        "Host: elsewhere",
        "Connection: upgrade\r\nUpgrade: websocket",
    ],
)
def test_nothing_else_in_the_trailers_counts(url: str, hostile: str) -> None:
    answer = patch(url, hostile, RIGHT, hostile)
    assert (answer.status, answer.offset) == (204, len(BODY))
    assert tus.head(url).headers["upload-length"] == str(len(BODY))
    assert stored(url) == BODY


@pytest.mark.parametrize(
    "hostile", ["Content-Length: 3", "Transfer-Encoding: gzip", "Bad Name: x", ": x", "X"]
)
def test_trailers_that_are_no_http_discard_the_body(server: Server, url: str, hostile: str) -> None:
    with tus.open_patch(url, 0, 0, headers=ANNOUNCED, sized=False) as sock:
        sock.sendall(chunk(BODY) + last_chunk(RIGHT, hostile))
        assert tus.read_answer(sock).status == 400
    assert tus.head(url).offset == 0
    assert tus.request("GET", f"{server.url}/healthz").status == 200


# --- under other servers -------------------------------------------------------------------------


@pytest.mark.parametrize("http", ["auto", "h11"])
def test_a_server_that_keeps_no_trailers_neither_announces_nor_takes_them(
    tmp_path: Path, http: str
) -> None:
    with running_server(tmp_path, program=(sys.executable, str(APP), "--http", http)) as host:
        files, ann = f"{host.url}/site/media/files", {"Authorization": "ann"}
        extensions = tus.request("OPTIONS", files).headers["tus-extension"].split(",")
        assert "checksum" in extensions
        assert "checksum-trailer" not in extensions
        url = tus.create(files, len(BODY), headers=ann).headers["location"]
        refused = patch(url, RIGHT, headers=ANNOUNCED | ann)
        assert (refused.status, refused.code) == (400, "unsupported-checksum")
        assert tus.patch(url, 0, BODY, WRONG | ann).status == 460
        assert tus.patch(url, 0, BODY, header(BODY) | ann).status == 204


def test_a_host_gets_trailers_with_the_protocol(tmp_path: Path) -> None:
    with running_server(tmp_path, program=(sys.executable, str(APP), "--http", "tusline")) as host:
        files, ann = f"{host.url}/site/media/files", {"Authorization": "ann"}
        assert "checksum-trailer" in tus.request("OPTIONS", files).headers["tus-extension"]
        config = tus.request("GET", f"{host.url}/site/media/config").json()
        assert "checksum-trailer" in config["extensions"]
        url = tus.create(files, len(BODY), headers=ann).headers["location"]
        assert patch(url, FALSE, headers=ANNOUNCED | ann).status == 460
        assert patch(url, RIGHT, headers=ANNOUNCED | ann).status == 204
        assert patch(url, RIGHT, "Authorization: ann", headers=ANNOUNCED).status == 401
