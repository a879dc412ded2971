"""`TUSLINE_DEADLINE_CHUNKED=false`: chunked bodies may last, those of a known length may not."""

import time

from support import raw, tus
from support.servers import Server
from support.shared import shared_server

DEADLINE = 0.6
PIECES = 10
PAUSE = 0.1
"""Seconds between pieces: all of them take longer than the deadline."""


lenient = shared_server(types="*", request_deadline=DEADLINE, deadline_chunked=False)


def test_a_chunked_body_outlasts_the_deadline(lenient: Server) -> None:
    url = tus.created(lenient.files, PIECES)
    chunked = {"Transfer-Encoding": "chunked"}
    with tus.open_patch(url, 0, 0, headers=chunked, sized=False) as sock:
        for _ in range(PIECES):
            sock.sendall(b"1\r\nx\r\n")
            time.sleep(PAUSE)
        sock.sendall(b"0\r\n\r\n")
        answer = tus.read_answer(sock)
    assert (answer.status, answer.offset) == (204, PIECES)


def test_a_chunked_creation_outlasts_the_deadline(lenient: Server) -> None:
    headers = {
        "Tus-Resumable": "1.0.0",
        "Upload-Length": str(PIECES),
        "Content-Type": tus.OFFSET_STREAM,
        "Transfer-Encoding": "chunked",
    }
    with raw.open_request("POST", lenient.files, headers) as sock:
        for _ in range(PIECES):
            sock.sendall(b"1\r\nx\r\n")
            time.sleep(PAUSE)
        sock.sendall(b"0\r\n\r\n")
        answer = tus.read_answer(sock)
    assert (answer.status, answer.offset) == (201, PIECES)


def test_a_body_of_known_length_ends_at_the_deadline(lenient: Server) -> None:
    url = tus.created(lenient.files, PIECES)
    with tus.open_patch(url, 0, PIECES) as sock:
        sock.sendall(b"xxx")
        answer = tus.read_answer(sock)
    assert (answer.status, answer.code, answer.offset) == (503, "deadline", 3)
