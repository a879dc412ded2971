"""A stop ends in time, whatever hangs on the disk, and loses nothing acknowledged (I10)."""

import signal
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

import pytest

from support import tus
from support.hanging_server import IN_THREADS, ON_THE_LOOP, hung
from support.servers import broken_server, running_server
from support.waiting import until

STOP_WAIT = 2
DATA = b"x" * 100_000
AT_60_000 = {
    "Tus-Resumable": "1.0.0",
    "Upload-Offset": "60000",
    "Content-Type": tus.OFFSET_STREAM,
}


@pytest.mark.parametrize(
    ("kind", "how"),
    [*((kind, signal.SIGTERM) for kind in (*IN_THREADS, *ON_THE_LOOP)), ("syncs", signal.SIGINT)],
)
def test_a_stop_does_not_wait_for_a_disk_that_hangs(
    tmp_path: Path, kind: str, how: signal.Signals
) -> None:
    switch = tmp_path / "switch"
    program = broken_server("hanging_server", switch)
    with running_server(
        tmp_path, program=program, types="*", drain_wait=1, stop_wait=STOP_WAIT
    ) as server:
        whole = tus.upload(server.files, DATA)
        url = tus.created(server.files, len(DATA))
        tus.patch(url, 0, DATA[:60_000])
        switch.write_text(kind)
        requests = [
            threading.Thread(target=unanswered, args=("PATCH", url, AT_60_000, DATA[60_000:])),
            threading.Thread(target=unanswered, args=("GET", whole)),
        ]
        for request in requests:
            request.start()
        until(hung(switch).exists, f"{kind} hang")
        began = time.monotonic()
        left = server.terminate(how)
        assert time.monotonic() - began < STOP_WAIT + 3
        by_itself = kind in IN_THREADS and how is signal.SIGTERM
        assert left == (-how if by_itself else 1)
        assert ("stop.left_undone" in server.log) is not by_itself
        assert "tusline has stopped" not in server.log
        for request in requests:
            request.join()
        switch.unlink()
        server.start()
        offset = tus.head(url).offset
        assert offset >= 60_000
        tus.patch(url, offset, DATA[offset:])
        for one in (url, whole):
            assert tus.outcome(one)["phase"] == "ready"
            assert tus.request("GET", one).body == DATA


def unanswered(
    method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes = b""
) -> None:
    """A request whose answer may be cut off."""
    with suppress(OSError, HTTPException):
        tus.request(method, url, headers, body)
