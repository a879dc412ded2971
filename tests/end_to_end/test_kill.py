"""kill -9 of the real server in mid-upload: nothing acknowledged is lost, nothing is wrong."""

import os
import random
from pathlib import Path

import pytest

from support import photos
from support.kills import RATE, Killed, upload_under_kills
from support.line import Line
from support.servers import running_server

PHOTO = photos.jpeg(3, size=(2400, 1800))


def under_kills(tmp_path: Path, runs: int, seed: int) -> list[Killed]:
    dice = random.Random(seed)
    with running_server(tmp_path) as server, Line(server.port, rate=RATE) as line:
        return [
            upload_under_kills(server, line, data, dice) for data in photos.variations(PHOTO, runs)
        ]


def check(results: list[Killed]) -> None:
    assert all(result.sha256_equal for result in results)
    assert all(result.ready == 1 for result in results)
    assert any(result.in_flight for result in results)


def test_uploads_survive_kills_of_the_server(tmp_path: Path) -> None:
    check(under_kills(tmp_path, runs=3, seed=1))


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_thirty_uploads_survive_kills_of_the_server(tmp_path: Path) -> None:
    seed = int(os.environ.get("SEED", random.randrange(10**6)))
    results = under_kills(tmp_path, runs=30, seed=seed)
    kills, in_flight = sum(r.kills for r in results), sum(r.in_flight for r in results)
    lost = [r.lost for r in results if r.in_flight]
    print(f"\nseed {seed}: {len(results)} uploads of {len(PHOTO):,} bytes, {kills} kills,")
    print(f"{in_flight} of them with body bytes in flight; bytes sent again per kill: ", end="")
    print(f"{sum(lost) / max(1, in_flight):,.0f} on average, {max(lost):,} at most in an upload")
    check(results)
    assert in_flight >= 30
