"""HEAD of downloads: the headers, and not a byte of the file."""

from collections.abc import Generator

import pytest

from support import tus
from support.servers import Server, running_server
from support.wire import connected, until_closed

CONTENT = bytes(range(256)) * 40


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    with running_server(tmp_path_factory.mktemp("waiting"), types="*") as running:
        yield running


def test_a_head_of_a_download_reads_no_file_and_holds_up_nobody(server: Server) -> None:
    url = tus.upload(server.files, CONTENT)
    path = f"/uploads/{url.rpartition('/')[2]}/original"
    with connected(server.port) as sock:
        sock.sendall(f"HEAD {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answers = until_closed(sock)
    first, _, rest = answers.partition(b"\r\n\r\n")
    assert b"200 OK" in first
    assert f"content-length: {len(CONTENT)}".encode() in first.lower()
    assert rest.startswith(b"HTTP/1.1 200 OK")
    assert tus.request("HEAD", f"{server.url}{path}").body == b""


def test_a_head_by_override_of_a_download_is_bare_too(server: Server) -> None:
    url = tus.upload(server.files, CONTENT)
    answer = tus.request("HEAD", url, {"X-HTTP-Method-Override": "GET"})
    assert (answer.status, answer.headers["content-length"]) == (200, str(len(CONTENT)))
