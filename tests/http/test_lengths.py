"""`Upload-Length`: given at once, deferred, declared once, and never passed."""

from pathlib import Path

import pytest

from support import kills, tus
from support.servers import Server, running_server

DEFERRED = "upload-defer-length"


def test_a_sized_upload_is_not_called_deferred(files: str) -> None:
    answer = tus.head(tus.created(files, 5))
    assert answer.headers["upload-length"] == "5"
    assert DEFERRED not in answer.headers


def test_an_upload_of_unknown_length_says_so_until_it_is_declared(files: str) -> None:
    url = tus.created(files, None)
    for offset, data in enumerate((b"", b"1", b"2")):
        if data:
            tus.patch(url, offset - 1, data)
        answer = tus.head(url)
        assert (answer.headers[DEFERRED], "upload-length" in answer.headers) == ("1", False)
    assert tus.patch(url, 2, b"", {"Upload-Length": "5"}).status == 204
    answer = tus.head(url)
    assert (answer.headers["upload-length"], DEFERRED in answer.headers) == ("5", False)


@pytest.mark.parametrize("deferred", [True, False])
def test_a_length_can_be_repeated_but_not_changed(files: str, deferred: bool) -> None:
    url = tus.created(files, None if deferred else 5)
    assert tus.patch(url, 0, b"1", {"Upload-Length": "5"}).status == 204
    assert tus.patch(url, 1, b"2", {"Upload-Length": "5"}).status == 204
    for other in ("4", "6"):
        answer = tus.patch(url, 2, b"3", {"Upload-Length": other})
        assert (answer.status, answer.code) == (400, "length-mismatch")
    assert tus.head(url).offset == 2
    assert tus.head(url).headers["upload-length"] == "5"


@pytest.mark.parametrize(("declared", "status"), [("2", 400), ("1000001", 413)])
def test_a_length_that_cannot_be_stores_nothing(files: str, declared: str, status: int) -> None:
    url = tus.created(files, None)
    tus.patch(url, 0, b"123")
    assert tus.patch(url, 3, b"4", {"Upload-Length": declared}).status == status
    answer = tus.head(url)
    assert (answer.offset, answer.headers[DEFERRED]) == (3, "1")


@pytest.mark.parametrize("last", [b"45", b""])
def test_a_deferred_upload_is_finished_once(server: Server, files: str, last: bytes) -> None:
    url = tus.created(files, None)
    tus.patch(url, 0, b"123")
    length = {"Upload-Length": str(3 + len(last))}
    assert tus.patch(url, 3, last, length).status == 204
    assert tus.patch(url, 3 + len(last), b"", length).status == 204
    assert tus.outcome(url)["phase"] == "ready"
    names = [event.name for event in kills.timeline(server, url)]
    assert names.count("received") == 1


def test_a_chunked_body_never_takes_a_deferred_upload_past_the_maximum(files: str) -> None:
    url = tus.created(files, None)
    chunked = {"Transfer-Encoding": "chunked"}
    piece = b"10000\r\n" + bytes(65536) + b"\r\n"
    with tus.open_patch(url, 0, 0, headers=chunked, sized=False) as sock:
        sock.sendall(piece * 16)
        assert tus.read_answer(sock).status == 413
    answer = tus.head(url)
    assert answer.offset <= 1_000_000
    assert answer.headers[DEFERRED] == "1"
    assert tus.status(url)["phase"] == "receiving"


def test_bytes_that_are_there_stay_welcome_when_the_maximum_is_lowered(tmp_path: Path) -> None:
    with running_server(tmp_path, types="*", max_size=100) as server:
        url = tus.created(server.files, None)
        tus.patch(url, 0, bytes(80))
        server.restart(max_size=50)
        assert tus.patch(url, 80, b"").status == 204
        refused = tus.patch(url, 80, b"x")
        assert (refused.status, refused.code) == (413, "too-large")
        assert tus.patch(url, 80, b"x", {"Upload-Length": "81"}).status == 413
        assert tus.head(url).offset == 80
        assert tus.patch(url, 80, b"", {"Upload-Length": "80"}).status == 204
        assert tus.outcome(url)["phase"] == "ready"


def test_a_deferred_creation_without_a_body_tells_its_offset(files: str) -> None:
    assert tus.create(files, None).offset == 0
