"""SIGTERM while twenty uploads move: no byte read is lost, and every client is told (I10)."""

import time
from contextlib import ExitStack
from pathlib import Path

from support import tus
from support.moving import Moving, bytes_read, until
from support.servers import running_server

CLIENTS = 20


def test_a_stop_under_twenty_moving_uploads_loses_no_byte_that_was_read(tmp_path: Path) -> None:
    with running_server(tmp_path, types="*") as server, ExitStack() as stack:
        moving = [Moving(server.files, stack, seeks=bool(n % 2)) for n in range(CLIENTS)]
        until(lambda: all(tus.status(one.url)["offset"] > 100_000 for one in moving))
        began = time.monotonic()
        server.terminate()
        assert time.monotonic() - began < 10
        answers = [one.join() for one in moving]
        for one, answer in zip(moving, answers, strict=True):
            assert answer.status == (204 if one.seeks else 503)
        took = bytes_read(server.log)
        server.start()
        for one, answer in zip(moving, answers, strict=True):
            id = one.url.rpartition("/")[2]
            assert tus.head(one.url).offset == answer.offset == took[id] > 100_000
