"""kill -9 of the real server in mid-upload: nothing acknowledged is lost, nothing is wrong."""

import os
import random
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import pytest

from support import photos
from support.kills import IN_FLIGHT, POINTS, RATE, Kill, Ordeal, folder_leftovers
from support.line import Line
from support.servers import Server, broken_server, running_server

PHOTO = photos.jpeg(3, size=(2400, 1800))
EACH = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Arena:
    """A server that can be killed at any point, and a slow line to it."""

    server: Server
    line: Line
    fuse: Path
    photos: Iterator[bytes]
    dice: random.Random

    def ordeal(self) -> Ordeal:
        return Ordeal(self.server, self.line, self.fuse, next(self.photos))

    def kills_in_flight(self, kills: int) -> list[Kill]:
        """At least that many that found bytes in flight, up to EACH in an upload."""
        suffered: list[Kill] = []
        while sum(kill.in_flight for kill in suffered) < kills:
            ordeal = self.ordeal()
            for _ in range(EACH):
                suffered.append(ordeal.strike_in_flight(self.dice))
                if not suffered[-1].in_flight:
                    break  # the body was faster, and there is nothing left to send
            ordeal.see_through()
        return suffered

    def kills_at_each_point(self, kills: int) -> list[Kill]:
        """That many uploads for each of the points, with one kill each."""
        suffered = []
        for point in POINTS:
            for _ in range(kills):
                ordeal = self.ordeal()
                suffered.append(ordeal.strike_at(point, self.dice))
                ordeal.see_through()
        return suffered


@contextmanager
def arena(tmp_path: Path, seed: int) -> Generator[Arena]:
    fuse = tmp_path / "fuse"
    with (
        running_server(tmp_path, program=broken_server("fused_server", fuse)) as server,
        Line(server.port, rate=RATE) as line,
    ):
        yield Arena(
            server=server,
            line=line,
            fuse=fuse,
            photos=photos.variations(PHOTO, 1000),
            dice=random.Random(seed),
        )
        server.terminate()
    left = folder_leftovers(server.data)
    assert not left, left


def test_uploads_survive_kills_of_the_server(tmp_path: Path) -> None:
    with arena(tmp_path, seed=1) as survived:
        kills = survived.kills_in_flight(4) + survived.kills_at_each_point(1)
    assert sum(kill.in_flight for kill in kills) >= 5
    assert_nothing_complete_is_lost(kills)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_uploads_survive_two_hundred_kills_of_the_server(tmp_path: Path) -> None:
    seed = int(os.environ.get("SEED", random.randrange(10**6)))
    print(f"\nseed {seed}, uploads of {len(PHOTO):,} bytes, {RATE / 1e6:g} MB a second")
    with arena(tmp_path, seed) as survived:
        kills = survived.kills_in_flight(150) + survived.kills_at_each_point(10)
    print(table(kills))
    assert len(kills) >= 200
    assert sum(kill.in_flight for kill in kills) >= 150
    assert_nothing_complete_is_lost(kills)


def assert_nothing_complete_is_lost(kills: Sequence[Kill]) -> None:
    late = {point.name for point in POINTS if not point.in_flight}
    assert {kill.sent for kill in kills if kill.point in late} == {0}


def table(kills: Sequence[Kill]) -> str:
    """What was sent again, by point: in all, and what of it the server had read and written."""
    lines = [f"{'bytes sent again':24} kills    average        max"]
    for name in (IN_FLIGHT, *(point.name for point in POINTS)):
        suffered = [kill for kill in kills if kill.point == name]
        lines.append(_row(name, [kill.sent for kill in suffered]))
        read = [kill.read for kill in suffered if kill.read is not None]
        if name == IN_FLIGHT:
            lines.append(_row("  read by the server", read))
            buffered = [k.sent - k.read for k in suffered if k.read is not None]
            lines.append(_row("  in socket buffers", buffered))
        if any(kill.written for kill in suffered):
            lines.append(_row("  written to the file", [kill.written for kill in suffered]))
    in_flight = sum(kill.in_flight for kill in kills)
    return "\n".join([*lines, f"{len(kills)} kills, {in_flight} with body bytes in flight"])


def _row(name: str, counts: Sequence[int]) -> str:
    return f"{name:24} {len(counts):5} {mean(counts):10,.0f} {max(counts):10,}"
