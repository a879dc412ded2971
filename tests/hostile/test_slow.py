"""Clients that are slow on purpose: they cost themselves time, and nobody else."""

import os
import sys
import time
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

import pytest

from support import tus
from support.process import descriptors, resident
from support.servers import TUSLINE_SERVE, Server, running_server
from support.slow import Slow
from support.wire import answers, connected, until_closed

DOWNLOAD_IDLE = 1.0
SLOW = 500
LAST = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
NORMAL = os.urandom(8_000_000)
MORE_MEMORY = 96 * 1024 * 1024
"""Bytes that 500 slow connections may cost the server."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    folder: Path = tmp_path_factory.mktemp("slow")
    with running_server(folder, types="*", download_idle=DOWNLOAD_IDLE) as running:
        yield running
    assert "Traceback" not in running.log


def asked(url: str) -> bytes:
    return f"GET /files/{url.rpartition('/')[2]} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


def test_a_download_that_nobody_reads_is_cut_off(server: Server) -> None:
    url = tus.upload(server.files, NORMAL)
    before = descriptors(server.pid)
    with ExitStack() as stack:
        for _ in range(5):
            stack.enter_context(connected(server.port)).sendall(asked(url))
        # Connection and file of each; the upload's own connection may have been counted before.
        assert descriptors_of(server, at_least=before + 9) >= before + 9
        assert descriptors_of(server, at_most=before) <= before


def test_a_download_that_is_read_slowly_comes_whole(server: Server) -> None:
    url = tus.upload(server.files, NORMAL)
    with connected(server.port) as sock:
        sock.sendall(asked(url))
        data, began = b"", time.monotonic()
        while time.monotonic() - began < 3 * DOWNLOAD_IDLE:
            data += sock.recv(65536)
            time.sleep(DOWNLOAD_IDLE / 4)
        sock.sendall(LAST)
        whole, _ = answers(data + until_closed(sock))
    assert whole.body == NORMAL


def test_as_many_files_may_be_open_as_the_system_grants(tmp_path: Path) -> None:
    limited = ("bash", "-c", 'ulimit -Sn 200; ulimit -Hn 4000; exec "$0" "$@"', *TUSLINE_SERVE)
    with running_server(tmp_path, program=limited) as server:
        limits = Path(f"/proc/{server.pid}/limits").read_text()
        assert limits.split("Max open files")[1].split()[:2] == ["4000", "4000"]


@pytest.mark.soak
@pytest.mark.timeout(300)
def test_five_hundred_slow_connections_do_not_slow_an_upload_down(tmp_path: Path) -> None:
    with running_server(tmp_path, types="*", log_level="warning") as server:
        alone = median(server)
        memory, files = resident(server.pid), descriptors(server.pid)
        with Slow(server, SLOW) as slow:
            beside = median(server)
            grown = resident(server.pid) - memory
            opened = descriptors(server.pid) - files
            told = slow.counts()
        print(f"\n{SLOW} slow connections ({told}) cost {grown:,} bytes and {opened} open files")
        print(f"8 MB went up in {alone:.2f} s alone, in {beside:.2f} s beside them")
        assert beside < 3 * alone + 1
        assert grown < MORE_MEMORY
        assert sum(told.values()) == SLOW
        assert descriptors_of(server, at_most=files + 3) <= files + 3


def median(server: Server) -> float:
    """Seconds of a normal upload."""
    times = []
    for _ in range(5):
        began = time.monotonic()
        tus.upload(server.files, NORMAL)
        times.append(time.monotonic() - began)
    return sorted(times)[2]


def descriptors_of(server: Server, *, at_least: int = 0, at_most: int = sys.maxsize) -> int:
    """Open files of the server, once there are so many or few, or after a while."""
    until = time.monotonic() + 15
    while not at_least <= (now := descriptors(server.pid)) <= at_most:
        if time.monotonic() > until:
            return now
        time.sleep(0.05)
    return now
