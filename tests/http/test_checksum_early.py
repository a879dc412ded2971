"""Bodies with a checksum that end before they could be verified: nothing of them is kept."""

import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from support import tus
from support.checksums import DATA, header, is_untouched, stored
from support.servers import Server, running_server
from support.waiting import until_written

IDLE = 1.0  # as the server of conftest.py has it


@pytest.fixture
def url(files: str) -> str:
    """An upload that has the first 1000 bytes of DATA."""
    url = tus.created(files, len(DATA))
    assert tus.patch(url, 0, DATA[:1000]).offset == 1000
    return url


def test_a_kill_before_the_end_discards_what_came(tmp_path: Path) -> None:
    """CHK-07: kill -9 in mid-PATCH."""
    with running_server(tmp_path, types="*") as server:
        url = tus.created(server.files, len(DATA))
        tus.patch(url, 0, DATA[:1000])
        with tus.open_patch(url, 1000, len(DATA) - 1000, headers=header(DATA[1000:])) as sock:
            sock.sendall(b"x" * 200_000)
            until_written(server.data, url, 201_000)
            server.kill()
        server.start()
        is_untouched(url, 1000)


def test_an_interrupted_body_keeps_nothing(server: Server, url: str) -> None:
    """CHK-14."""
    with tus.open_patch(url, 1000, len(DATA) - 1000, headers=header(DATA[1000:])) as sock:
        sock.sendall(DATA[1000:200_000])
        until_written(server.data, url, 200_000)
    is_untouched(url, 1000)


def test_a_silent_body_keeps_nothing(url: str) -> None:
    """CHK-15: the exemption is for bytes that keep coming."""
    began = time.monotonic()
    with tus.open_patch(url, 1000, len(DATA) - 1000, headers=header(DATA[1000:])) as sock:
        sock.sendall(DATA[1000:200_000])
        answer = tus.read_answer(sock)
    assert time.monotonic() - began < IDLE + 1
    assert (answer.status, answer.code, answer.offset) == (503, "body-idle", 1000)
    is_untouched(url, 1000)


def slowly(sock: socket.socket, data: bytes, seconds: float) -> Iterator[bytes]:
    """Send the bytes one by one over so many seconds; each that went."""
    for number in range(len(data)):
        time.sleep(seconds / len(data))
        sock.sendall(data[number : number + 1])
        yield data[number : number + 1]


def test_no_deadline_cuts_a_body_whose_checksum_is_pending(tmp_path: Path) -> None:
    """CHK-15: it lasts longer than the deadline, and than a lease that is not renewed."""
    body = b"slow but right"
    with running_server(tmp_path, types="*", request_deadline=0.5, lease_ttl=5.1) as server:
        url = tus.created(server.files, len(body))
        with tus.open_patch(url, 0, len(body), headers=header(body)) as sock:
            assert b"".join(slowly(sock, body, 5.6)) == body
            answer = tus.read_answer(sock)
        assert (answer.status, answer.offset) == (204, len(body))
        assert stored(url) == body


@pytest.mark.parametrize("client", [{}, tus.AS_TUSPY], ids=["any", "seeking"])
def test_a_body_that_takes_for_ever_is_discarded_at_a_deadline_of_its_own(
    tmp_path: Path, client: dict[str, str]
) -> None:
    """Bytes that keep coming are no reason to wait for days."""
    with running_server(tmp_path, types="*", checksum_deadline=1.0, linger=0.1) as server:
        url = tus.created(server.files, len(DATA))
        with tus.open_patch(url, 0, len(DATA), headers=client | header(DATA)) as sock:
            with suppress(ConnectionError):
                for _ in slowly(sock, DATA[:30], 2.0):
                    pass
            answer = tus.read_answer(sock)
        assert (answer.status, answer.code, answer.offset) == (503, "deadline", 0)
        is_untouched(url, 0)


def test_a_drain_discards_and_never_tells_a_short_success(tmp_path: Path) -> None:
    """CHK-15: not even a client that seeks is told 204."""
    seeking = tus.AS_TUSPY | header(DATA)
    with running_server(tmp_path, types="*") as server:
        url = tus.created(server.files, len(DATA))
        with tus.open_patch(url, 0, len(DATA), headers=seeking) as sock:
            sock.sendall(DATA[:200_000])
            until_written(server.data, url, 200_000)
            server.terminate()
            answer = tus.read_answer(sock)
        assert (answer.status, answer.code, answer.offset) == (503, "draining", 0)
        assert answer.headers["retry-after"] == "1"
        server.start()
        assert tus.head(url).offset == 0
