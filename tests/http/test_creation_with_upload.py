"""A body that comes with the creation: whole, cut, too long, or refused before it is sent."""

from pathlib import Path

import pytest

from support import kills, raw, tus
from support.servers import Server
from support.waiting import until

VERSION = {"Tus-Resumable": "1.0.0"}
CHUNKED = VERSION | {"Content-Type": tus.OFFSET_STREAM, "Transfer-Encoding": "chunked"}
KEY = {"Idempotency-Key": "a-key-for-each-test-00"}


def stored_bytes(server: Server) -> set[Path]:
    """Files of uploads, finished and not."""
    folders = (server.data / "uploads", server.data / "originals")
    return {path for folder in folders for path in folder.rglob("*") if path.is_file()}


def test_a_creation_that_breaks_off_keeps_its_bytes(server: Server, files: str) -> None:
    before = stored_bytes(server)
    key = {"Idempotency-Key": KEY["Idempotency-Key"] + "cut"}
    headers = VERSION | key | {"Upload-Length": "10", "Content-Type": tus.OFFSET_STREAM}
    with raw.open_request("POST", files, headers | {"Content-Length": "10"}) as sock:
        sock.sendall(b"12345")
        until(
            lambda: [path.stat().st_size for path in stored_bytes(server) - before] == [5],
            "5 bytes in a new file",
        )
    again = tus.create(files, 10, headers=key)
    assert again.offset == 5
    assert "upload-expires" in again.headers
    assert tus.patch(again.headers["location"], 5, b"67890").status == 204


@pytest.mark.parametrize(
    "fault",
    [
        {"Upload-Metadata": "a !!!"},
        {"Upload-Length": "x"},
        {"Upload-Length": "1000001"},
        {"Content-Type": "text/plain"},
        {"Idempotency-Key": "short"},
    ],
)
def test_a_refused_creation_does_not_ask_for_its_body(files: str, fault: dict[str, str]) -> None:
    good = {"Upload-Length": "5", "Content-Type": tus.OFFSET_STREAM, "Content-Length": "5"}
    headers = VERSION | good | {"Expect": "100-continue"} | fault
    with raw.open_request("POST", files, headers) as sock:
        answer = tus.read_answer(sock)
    assert answer.status in (400, 413, 415)
    assert answer.headers["connection"] == "close"


def test_a_chunked_body_longer_than_the_upload_leaves_nothing_behind(
    server: Server, files: str
) -> None:
    before = stored_bytes(server)
    key = {"Idempotency-Key": KEY["Idempotency-Key"] + "long"}
    with raw.open_request("POST", files, CHUNKED | key | {"Upload-Length": "5"}) as sock:
        sock.sendall(b"5\r\n12345\r\n3\r\n678\r\n0\r\n\r\n")
        answer = tus.read_answer(sock)
    assert answer.status == 413
    assert "location" not in answer.headers
    assert stored_bytes(server) == before
    assert tus.create(files, 5, headers=key).offset == 0


def test_a_chunked_body_can_come_with_the_creation(files: str) -> None:
    with raw.open_request("POST", files, CHUNKED | {"Upload-Length": "5"}) as sock:
        sock.sendall(b"2\r\n12\r\n3\r\n345\r\n0\r\n\r\n")
        answer = tus.read_answer(sock)
    assert (answer.status, answer.offset) == (201, 5)
    assert tus.request("GET", answer.headers["location"]).body == b"12345"


def test_a_body_of_a_deferred_upload_can_come_with_the_creation(files: str) -> None:
    answer = tus.create(files, None, body=b"123")
    assert (answer.status, answer.offset) == (201, 3)
    assert "upload-expires" in answer.headers


def test_a_whole_file_is_finished_once_and_does_not_expire(server: Server, files: str) -> None:
    answer = tus.create(files, 5, body=b"12345")
    url = answer.headers["location"]
    assert "upload-expires" not in answer.headers
    assert tus.outcome(url)["phase"] == "ready"
    names = [event.name for event in kills.timeline(server, url)]
    assert names.count("received") == 1
