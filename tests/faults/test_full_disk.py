"""A full disk: refusals with codes, HEAD keeps working, and uploads end well once there is room."""

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import tus
from support.servers import Server, running_server
from support.small_disk import SmallDisk, small_disk

DISK = 12_000_000
DATA = random.Random(5).randbytes(4_500_000)
RESERVE = 2_000_000


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "data", DISK) as mounted:
        yield mounted


@pytest.fixture
def server(tmp_path: Path, disk: SmallDisk) -> Iterator[Server]:
    with running_server(
        tmp_path,
        program=disk.serve,
        types="*",
        min_free=3_000_000,
        disk_reserve=RESERVE,
        request_deadline=5,
    ) as running:
        yield running


def resume(url: str) -> None:
    """Go on from what HEAD tells, to an equal hash."""
    offset = tus.head(url).offset
    assert tus.patch(url, offset, DATA[offset:]).status == 204
    stored = tus.request("GET", url).body
    assert hashlib.sha256(stored).digest() == hashlib.sha256(DATA).digest()


def test_bytes_are_refused_before_the_records_have_no_room_left(
    server: Server, disk: SmallDisk
) -> None:
    url = tus.created(server.files, len(DATA))
    disk.fill(leave=RESERVE + 2_500_000)
    refused = tus.patch(url, 0, DATA)
    assert (refused.status, refused.code) == (507, "store-full")
    head = tus.head(url)
    assert (head.status, head.offset) == (200, refused.offset)
    assert 1_000_000 < head.offset < len(DATA)
    assert disk.free() > RESERVE / 2
    creation = tus.create(server.files, 10)
    assert (creation.status, creation.code) == (507, "store-full")
    disk.make_room()
    resume(url)


def test_the_offset_of_a_complete_part_is_told_on_a_full_disk_too(
    server: Server, disk: SmallDisk
) -> None:
    part = tus.create(server.files, 5, headers={"Upload-Concat": "partial"}, body=b"12345")
    disk.fill()
    head = tus.head(part.headers["location"])
    assert (head.status, head.offset) == (200, 5)


def test_readiness_says_that_nothing_new_is_taken(server: Server, disk: SmallDisk) -> None:
    disk.fill(leave=1_000_000)
    told = tus.request("GET", f"{server.url}/readyz").json()
    assert (told["ready"], told["creating"], told["code"]) == (True, False, "store-full")


def test_an_upload_can_be_deleted_to_make_room(server: Server, disk: SmallDisk) -> None:
    url = tus.created(server.files, len(DATA))
    tus.patch(url, 0, DATA[:2_000_000])
    disk.fill(leave=RESERVE + 100_000)
    assert tus.patch(url, 2_000_000, DATA[2_000_000:]).status == 507
    assert tus.delete(url).status == 204


def test_a_disk_that_others_fill_to_the_last_byte_costs_no_acknowledged_byte(
    server: Server, disk: SmallDisk
) -> None:
    url = tus.created(server.files, len(DATA))
    assert tus.patch(url, 0, DATA[:1_000_000]).offset == 1_000_000
    disk.fill()
    refused = tus.patch(url, 1_000_000, DATA[1_000_000:])
    assert refused.status in (503, 507)
    assert refused.code in ("records-unavailable", "store-full")
    assert tus.status(url)["phase"] == "receiving"
    head = tus.head(url)
    assert head.status == 200
    assert head.offset >= 1_000_000
    disk.make_room()
    resume(url)


def test_nothing_of_a_full_disk_is_a_traceback(server: Server, disk: SmallDisk) -> None:
    url = tus.created(server.files, len(DATA))
    disk.fill()
    for _ in range(3):
        assert tus.patch(url, 0, DATA).status in (503, 507)
        assert tus.create(server.files, 10).status in (503, 507)
        assert tus.delete(url).status in (503, 507)
    assert "Traceback" not in server.log
    disk.make_room()
    resume(url)


def test_a_server_starts_on_a_full_disk_and_tells_the_offset(
    server: Server, disk: SmallDisk
) -> None:
    url = tus.created(server.files, len(DATA))
    told = tus.patch(url, 0, DATA[:1_000_000]).offset
    disk.fill()
    server.restart()
    head = tus.head(url)
    assert (head.status, head.offset) == (200, told)
    assert tus.patch(url, told, DATA[told:]).status in (503, 507)
    disk.make_room()
    resume(url)
