"""Concatenation with a real client on a bad line, and under kill -9 of the server."""

import hashlib
import random
import time
from pathlib import Path

from support import tus
from support.clients import TUS_JS, Ended
from support.line import Line
from support.photo_uploads import arrived
from support.servers import Server, running_server

PARALLEL = TUS_JS.given(parallelUploads=3, metadata={"filename": "whole.jpg"})
RATE = 400_000.0
"""Bytes a second of the line: the photo takes some seconds."""

PASSED_SECONDS = 30.0

PART = random.Random(7).randbytes(16 * 1024 * 1024)
TIMES = 12
"""How often PART is named: 192 MiB to be copied."""

TRIES = 5
SEEN_SECONDS = 20.0


def check(server: Server, ended: Ended, photo: Path) -> None:
    told = arrived(server, ended, photo)
    assert told["filename"] == "whole.jpg"
    assert told["concat"] == {"kind": "final", "members": 3}


def test_a_photo_is_sent_by_tus_js_client_in_three_pieces_at_once(
    hasty: Server, photo: Path
) -> None:
    """JS-08, X-25"""
    check(hasty, PARALLEL.upload(hasty.files, photo), photo)


def test_pieces_sent_at_once_survive_cuts_of_the_line(hasty: Server, photo: Path) -> None:
    """JS-08"""
    with Line(hasty.port, rate=RATE) as line:
        struck = [line.passed(photo.stat().st_size * n // 4) for n in (1, 2, 3)]
        running = PARALLEL.start(f"{line.url}/files", photo)
        cut = []
        for strike in struck:
            assert strike.wait(PASSED_SECONDS)
            cut.append(line.cut())
        ended = running.end()
    assert all(cut), cut
    check(hasty, ended, photo)


# --- kill -9 -----------------------------------------------------------------------------------


def test_a_join_that_is_killed_is_done_anew_and_right(tmp_path: Path) -> None:
    """CAT-23: beyond `finish_wait` it goes on behind the answer."""
    whole = hashlib.sha256(PART * TIMES).hexdigest()
    with running_server(tmp_path, types="*", max_size="1GiB", finish_wait=0) as server:
        member = tus.create(server.files, len(PART), headers={"Upload-Concat": "partial"})
        tus.patch(member.headers["location"], 0, PART)
        for _ in range(TRIES):
            url, copied = join_and_kill(server, member.headers["location"])
            server.start()
            told = tus.outcome(url)
            assert told["phase"] == "ready"
            assert told["original"]["sha256"] == whole
            assert tus.head(url).offset == len(PART) * TIMES
            if 0 < copied < len(PART) * TIMES:
                return
    raise AssertionError("no kill found a copy under way")


def join_and_kill(server: Server, member: str) -> tuple[str, int]:
    """Kill the server while it copies: the final upload, and how far the copy was."""
    value = "final;" + " ".join([member] * TIMES)
    answer = tus.request("POST", server.files, {"Tus-Resumable": "1.0.0", "Upload-Concat": value})
    assert answer.status == 201
    assert "upload-offset" not in answer.headers
    url = answer.headers["location"]
    id = url.rpartition("/")[2]
    extent = server.data / "uploads" / id[:2] / id
    give_up = time.monotonic() + SEEN_SECONDS
    while not (extent.exists() and extent.stat().st_size > len(PART)):
        assert time.monotonic() < give_up
    server.kill()
    return url, extent.stat().st_size if extent.exists() else 0
