"""Requests that the server ends: the upload is free before the answer is out."""

import socket
import time

import pytest

from support import tus

DEADLINE = 2.0  # as the server of conftest.py has it


def head_of_answer(sock: socket.socket) -> dict[str, str]:
    """Status and headers of an answer, without a byte of its body."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += sock.recv(1)
    first, *lines = head.decode().rstrip().split("\r\n")
    pairs = (line.split(": ", 1) for line in lines)
    return {"status": first.split()[1]} | {name.lower(): value for name, value in pairs}


@pytest.mark.parametrize(
    ("headers", "status"),
    [(tus.AS_TUSPY, "204"), ({"User-Agent": "curl/8"}, "503")],
)
def test_the_next_request_gets_in_while_the_answered_one_is_still_heard_out(
    files: str, headers: dict[str, str], status: str
) -> None:
    url = tus.created(files, 1000)
    with tus.open_patch(url, 0, 1000, headers=headers) as sock:
        began = time.monotonic()
        while time.monotonic() - began < DEADLINE - 0.5:
            sock.sendall(b"x")
            time.sleep(0.1)
        told = head_of_answer(sock)
        assert (told["status"], told["connection"]) == (status, "close")
        offset = int(told["upload-offset"])
        assert tus.patch(url, offset, b"y" * (1000 - offset)).status == 204
        sock.sendall(b"x" * 10)  # nobody minds
        body = b"".join(iter(lambda: sock.recv(1000), b""))
        assert body.partition(b":")[0] == (b"" if status == "204" else b"deadline")
    assert tus.request("GET", url).body == b"x" * offset + b"y" * (1000 - offset)


def test_without_progress_even_a_client_that_seeks_is_not_told_a_success(files: str) -> None:
    url = tus.created(files, 100)
    with tus.open_patch(url, 0, 100, headers=tus.AS_TUSPY) as sock:
        answer = tus.read_answer(sock)
    assert (answer.status, answer.offset) == (503, 0)


def test_the_connection_of_a_silent_client_is_closed(files: str) -> None:
    url = tus.created(files, 10)
    with tus.open_patch(url, 0, 10) as sock:
        sock.sendall(b"12345")
        answer = tus.read_answer(sock)
        assert (answer.code, answer.headers["connection"]) == ("body-idle", "close")
        assert sock.recv(1) == b""


def test_a_refused_body_is_not_swallowed_to_its_end(files: str) -> None:
    url = tus.created(files, 1_000_000)
    with tus.open_patch(url, 5, 999_995) as sock:
        answer = tus.read_answer(sock)
        assert (answer.status, answer.offset) == (409, 0)
        assert sock.recv(1) == b""
