"""Checksums of bodies that come with a creation, and under strict durability."""

import socket
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from support import tus
from support.checksums import DATA, WRONG, header, is_untouched, stored
from support.servers import Server, running_server


@contextmanager
def open_creation(server: Server, headers: dict[str, str]) -> Generator[socket.socket]:
    """A creation that announces a body of 10 bytes; they are the caller's to send."""
    lines = {"Host": "x", "Tus-Resumable": "1.0.0", "Upload-Length": "10", "Content-Length": "10"}
    lines |= {"Content-Type": tus.OFFSET_STREAM} | headers
    text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    with socket.create_connection(("127.0.0.1", server.port), timeout=tus.TIMEOUT) as sock:
        sock.sendall(f"POST /files HTTP/1.1\r\n{text}\r\n".encode())
        yield sock


def count(server: Server, rows: str) -> int:
    """How many of these rows the records have."""
    with closing(sqlite3.connect(server.data / "records.db")) as records:
        return int(records.execute(f"SELECT count(*) FROM {rows}").fetchone()[0])


def stored_files(server: Server) -> set[Path]:
    """Every file that holds bytes of an upload."""
    folders = [server.data / "uploads", server.data / "originals"]
    return {path for folder in folders for path in folder.rglob("*") if path.is_file()}


def test_a_creation_is_verified_with_its_body(files: str) -> None:
    """CWU-08."""
    answer = tus.create(files, 10, body=b"12345", headers=header(b"12345"))
    assert (answer.status, answer.offset) == (201, 5)
    url = answer.headers["location"]
    assert tus.patch(url, 5, b"67890", header(b"67890")).status == 204
    assert stored(url) == b"1234567890"


@pytest.mark.parametrize(
    ("length", "body"), [(10, b"12345"), (10, b"1234567890"), (10, b""), (0, b""), (None, b"1")]
)
def test_a_creation_whose_body_does_not_match_leaves_no_upload(
    server: Server, length: int | None, body: bytes
) -> None:
    """CWU-08, X-08: and none was ever received."""
    before, received = stored_files(server), count(server, "events WHERE name = 'received'")
    answer = tus.create(server.files, length, body=body, headers=WRONG)
    assert (answer.status, answer.code) == (460, "checksum-mismatch")
    assert "location" not in answer.headers
    assert stored_files(server) == before
    assert count(server, "events WHERE name = 'received'") == received


def test_a_creation_that_did_not_match_may_be_repeated_under_its_key(files: str) -> None:
    """CWU-08: the key does not stand for the upload that was undone."""
    key = {"Idempotency-Key": "'the-same-for-both-0000'"}
    assert tus.create(files, 5, body=b"12346", headers=key | header(b"12345")).status == 460
    answer = tus.create(files, 5, body=b"12345", headers=key | header(b"12345"))
    assert (answer.status, answer.offset) == (201, 5)
    again = tus.create(files, 5, body=b"12345", headers=key | header(b"12345"))
    assert again.headers["location"] == answer.headers["location"]
    assert stored(again.headers["location"]) == b"12345"


@pytest.mark.parametrize("value", ["foo AAAA", "sha1", "sha1 !!!"])
def test_a_creation_with_a_bad_checksum_is_refused_before_its_body_is_read(
    server: Server, value: str
) -> None:
    """CWU-08, CHK-04: nothing is made for it."""
    before = count(server, "uploads")
    with open_creation(server, {"Upload-Checksum": value}) as sock:
        answer = tus.read_answer(sock)
    assert answer.status == 400
    assert "location" not in answer.headers
    assert count(server, "uploads") == before


def test_a_creation_that_ends_early_keeps_the_upload_and_none_of_its_bytes(server: Server) -> None:
    """CHK-14 of a POST: the address must not be lost."""
    with open_creation(server, header(b"1234567890")) as sock:
        sock.sendall(b"12345")
        answer = tus.read_answer(sock)  # after body_idle
    assert (answer.status, answer.offset) == (201, 0)
    url = f"{server.files}/{answer.headers['location'].rpartition('/')[2]}"
    assert tus.patch(url, 0, b"1234567890").status == 204


def test_strict_durability_holds_for_verified_bodies(tmp_path: Path) -> None:
    with running_server(tmp_path, types="*", durability="strict") as server:
        url = tus.created(server.files, len(DATA))
        tus.patch(url, 0, DATA[:1000])
        assert tus.patch(url, 1000, DATA[1000:], WRONG).status == 460
        assert tus.patch(url, 1000, DATA[1000:2000], header(DATA[1000:2000])).offset == 2000
        server.kill()
        server.start()
        is_untouched(url, 2000)
