"""Two requests at one upload, over real connections: one writes, and the file is right (I3)."""

import hashlib
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import tus
from support.servers import Server, running_server

LEASE_WAIT = 3.0
"""The default of TUSLINE_LEASE_WAIT, in seconds."""

DATA = random.Random(8).randbytes(900_000)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("hand-over")
    with running_server(folder, types="*") as running:
        yield running


def stored(url: str) -> bytes:
    return hashlib.sha256(tus.request("GET", url).body).digest()


@pytest.mark.parametrize("asks_first", [True, False], ids=["HEAD first", "PATCH at once"])
def test_a_half_open_holder_is_overtaken_in_time(server: Server, asks_first: bool) -> None:
    """The phone is gone without a word: its connection stays, and nothing comes."""
    url = tus.created(server.files, len(DATA))
    with tus.open_patch(url, 0, len(DATA)) as silent:
        silent.sendall(DATA[:400_000])
        while tus.status(url)["offset"] < 400_000:
            time.sleep(0.01)
        began = time.monotonic()
        if asks_first:
            assert tus.head(url).offset == 400_000
        assert tus.patch(url, 400_000, DATA[400_000:]).status == 204
        assert time.monotonic() - began < LEASE_WAIT
    assert stored(url) == hashlib.sha256(DATA).digest()


def test_duelling_writers_end_with_one_right_file(server: Server) -> None:
    """Two copies of a client send the same file, each taking the upload from the other."""
    url = tus.created(server.files, len(DATA))
    refusals: list[int] = []

    def upload() -> None:
        while (offset := tus.head(url).offset) < len(DATA):
            answer = tus.patch(url, offset, DATA[offset : offset + 70_000])
            if answer.status != 204:
                refusals.append(answer.status)

    clients = [threading.Thread(target=upload) for _ in range(2)]
    for client in clients:
        client.start()
    for client in clients:
        client.join(tus.TIMEOUT)
        assert not client.is_alive()
    assert set(refusals) <= {409, 423}
    assert stored(url) == hashlib.sha256(DATA).digest()


def test_a_storm_of_stale_resends_does_not_slow_the_writer(server: Server) -> None:
    url = tus.created(server.files, len(DATA))
    tus.patch(url, 0, DATA[:1000])
    with tus.open_patch(url, 1000, len(DATA) - 1000) as holder:
        for begin in range(1000, len(DATA), 100_000):
            holder.sendall(DATA[begin : begin + 100_000])
            assert tus.patch(url, 0, DATA[:1000]).status == 409
        assert tus.read_answer(holder).status == 204
    assert stored(url) == hashlib.sha256(DATA).digest()
