"""A strict server whose disk hangs in a sync answers in time, and promises nothing (I6, I11)."""

import time
from pathlib import Path

from support import tus
from support.hanging_server import hung
from support.servers import broken_server, running_server
from tusline.service.session import LATE

DEADLINE = 1
MARGIN = 10
"""Seconds that an answer may take beside the deadline and what a sync has beyond it."""

DATA = b"x" * 100_000


def test_older_bytes_that_cannot_be_synced_end_a_strict_request_in_time(tmp_path: Path) -> None:
    switch = tmp_path / "switch"
    switch.write_text("syncs")
    program = broken_server("hanging_server", switch)
    with running_server(
        tmp_path, program=program, types="*", request_deadline=DEADLINE, stop_wait=1
    ) as server:
        url = tus.created(server.files, len(DATA))
        assert tus.patch(url, 0, DATA[:60_000]).offset == 60_000  # and never synced
        server.restart(durability="strict")
        hung(switch).unlink(missing_ok=True)
        began = time.monotonic()
        answer = tus.patch(url, 60_000, DATA[60_000:])
        assert time.monotonic() - began < DEADLINE + LATE + MARGIN
        assert hung(switch).exists()
        assert (answer.status, answer.code, answer.offset) == (503, "store-unavailable", 60_000)
        assert tus.head(url).offset == 60_000
        switch.unlink()
        server.restart()
        assert tus.patch(url, 60_000, DATA[60_000:]).status == 204
        assert tus.outcome(url)["phase"] == "ready"
        assert tus.request("GET", url).body == DATA
