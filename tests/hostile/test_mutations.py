"""Thousands of spoiled requests against one real server, which must not notice.

A failure prints the seed and the number of its case: with `SEED=n` in the environment the same
bytes are sent again.
"""

import asyncio
import hashlib
import os
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from support import audited, parts, tus
from support.process import descriptors, resident
from support.servers import Server, running_server

from .messages import DEFERRED, DOOMED, FINAL, PARTIAL, READY, RECEIVING, UNKNOWN
from .mutations import Case, case
from .playing import CANARY_TEXT, TOGETHER, Wrong, bad_lines, judge, play

CASES, MANY_CASES = 3_000, 30_000
BATCH = 250
"""Cases after which the log is read and the uploads are made anew."""

SETTINGS = {
    "types": "*",
    "max_size": 1_000_000,
    "min_free": 0,
    "queue_limit": 100_000,
    "body_idle": 0.6,
    "head_seconds": 0.6,
    "request_deadline": 5,
    "lease_wait": 0.3,
    "linger": 0.2,
    "events_beat": 1,
    "log_format": "json",
}
MORE_MEMORY = 48 * 1024 * 1024
"""Bytes by which the server may have grown after the first batch."""

MORE_FILES = 3
RECOVERY_SECONDS = 20.0

XX, NAME = r"[A-Za-z0-9_-]{2}", r"(?P<id>[A-Za-z0-9_-]{16,64})"
LAYOUT = re.compile(
    rf"lock|control\.sock|records\.db(-wal|-shm)?|uploads/{XX}/{NAME}(\.\d+)?"
    rf"|originals/{XX}/{NAME.replace('id', 'sealed')}|variants/{XX}/[\w-]{{16,64}}/[\w.-]+"
)
"""Every file that may lie in the data folder (storage/disk/layout.py)."""


def test_three_thousand_spoiled_requests_do_no_harm(tmp_path: Path) -> None:
    seed = int(os.environ.get("SEED", 4))
    attack(tmp_path, seed, CASES)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_thirty_thousand_spoiled_requests_do_no_harm(tmp_path: Path) -> None:
    seed = int(os.environ.get("SEED", random.randrange(10**6)))
    attack(tmp_path, seed, MANY_CASES)


def attack(tmp_path: Path, seed: int, cases: int) -> None:
    print(f"\nseed {seed}: {cases} cases")
    (tmp_path / "canary").write_bytes(CANARY_TEXT)
    program = (sys.executable, audited.__file__, "serve")
    began, came = time.monotonic(), Counter[str]()
    with running_server(tmp_path, program=program, **SETTINGS) as server:
        came += played(server, seed, range(BATCH))
        files, memory = at_rest(server, 0), resident(server.pid)
        for start in range(BATCH, cases, BATCH):
            came += played(server, seed, range(start, start + BATCH))
        assert at_rest(server, files + MORE_FILES) <= files + MORE_FILES
        grown = resident(server.pid) - memory
        assert grown <= MORE_MEMORY, f"the server has grown by {grown:,} bytes"
        a_normal_upload_works(server)
        nothing_unexpected_lies_in(tmp_path, server)
    print(
        f"{time.monotonic() - began:.0f} s, memory {grown:+,} bytes; {dict(sorted(came.items()))}"
    )
    for status in ("200", "201", "400", "400 bad-header", "404 unknown-upload", "closed"):
        assert came[status] > cases / 100, f"hardly any {status}"


def played(server: Server, seed: int, numbers: Iterable[int]) -> Counter[str]:
    """One batch, all of its connections at once as far as TOGETHER allows. Raises Wrong."""
    ids = fresh_uploads(server)
    came = asyncio.run(_played(server, seed, [(n, with_ids(case(seed, n), ids)) for n in numbers]))
    if bad := bad_lines(server.log):
        raise Wrong(f"seed {seed}, cases {numbers}, in the log: {bad[:5]}")
    return came


async def _played(server: Server, seed: int, cases: list[tuple[int, Case]]) -> Counter[str]:
    places, came = asyncio.Semaphore(TOGETHER), Counter[str]()

    async def one(number: int, case: Case) -> None:
        async with places:
            result = await play(case, server.port)
        try:
            came.update(judge(case, result))
        except Wrong as error:
            sent = [piece[:1500] for piece in case.pieces]
            raise Wrong(
                f"seed {seed}, case {number} ({case.name}): {error}; sent {sent}"
            ) from error

    async with asyncio.TaskGroup() as group:
        for number, case in cases:
            group.create_task(one(number, case))
    return came


def fresh_uploads(server: Server) -> dict[bytes, bytes]:
    """Real uploads for the stand-ins in the messages."""
    part = parts.partial(server.files, b"hello")
    urls = {
        PARTIAL: part,
        FINAL: parts.final(server.files, part),
        RECEIVING: tus.created(server.files, 100_000, filename="x.bin"),
        DEFERRED: tus.created(server.files, None),
        DOOMED: tus.created(server.files, 5),
        READY: tus.upload(
            server.files, b"0123456789", filename='a"; \\x.html', filetype="text/html"
        ),
    }
    assert tus.outcome(urls[READY])["phase"] == "ready"
    ids = {stand_in: url.rpartition("/")[2].encode() for stand_in, url in urls.items()}
    return ids | {UNKNOWN: random.randbytes(16).hex().encode()}


def with_ids(case: Case, ids: dict[bytes, bytes]) -> Case:
    def real(piece: bytes) -> bytes:
        for stand_in, id in ids.items():
            piece = piece.replace(stand_in, id)
        return piece

    return replace(case, pieces=tuple(map(real, case.pieces)))


def at_rest(server: Server, enough: int) -> int:
    """Open files of the server once it has let go of its connections: `enough`, or the least."""
    least, until = sys.maxsize, time.monotonic() + RECOVERY_SECONDS
    while least > enough and time.monotonic() < until:
        assert tus.request("GET", f"{server.url}/healthz").status == 200
        now = descriptors(server.pid)
        until = min(until, time.monotonic() + 3) if now >= least else until
        least = min(least, now)
        time.sleep(0.05)
    return least


def a_normal_upload_works(server: Server) -> None:
    content = random.Random(1).randbytes(700_000)
    url = tus.upload(server.files, content)
    assert tus.outcome(url)["phase"] == "ready"
    back = tus.request("GET", url).body
    assert hashlib.sha256(back).digest() == hashlib.sha256(content).digest()


def nothing_unexpected_lies_in(tmp_path: Path, server: Server) -> None:
    assert {path.name for path in tmp_path.iterdir()} == {"canary", "data"}
    files = [path for path in server.data.rglob("*") if not path.is_dir()]
    names = {str(path.relative_to(server.data)) for path in files}
    assert {name for name in names if LAYOUT.fullmatch(name) is None} == set()
    for name in names:
        match = LAYOUT.fullmatch(name)
        id = match and (match["id"] or match["sealed"])
        if id:
            assert name.split("/")[1] == id[:2]
            assert tus.request("GET", f"{server.url}/uploads/{id}").status == 200, name
