"""Local copies of segments: bounded, shared by processes, and never more than a cache."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tusline.storage.s3.body import Body, Limit
from tusline.storage.s3.faults import SpoiltSlice
from tusline.storage.s3.spool import UNFINISHED, Spool
from tusline.storage.s3.values import FileSlice

LIMIT = 10_000
DATA = b"x" * 1000
MD5 = hashlib.md5(DATA).hexdigest()

DYING = """
import fcntl, os, signal, sys
file = open(sys.argv[1], "xb")
fcntl.flock(file, fcntl.LOCK_EX)
file.write(b"half")
file.flush()
print("there", flush=True)
signal.pause()
"""


@pytest.fixture
async def spool(tmp_path: Path) -> Spool:
    opened = Spool(tmp_path / "spool", LIMIT)
    await opened.open()
    return opened


async def found(spool: Spool, name: str) -> FileSlice | None:
    return await spool.slice(name, size=len(DATA), md5=MD5)


async def test_a_copy_is_found_by_its_name_until_it_is_dropped(spool: Spool) -> None:
    await spool.put("up/1/seg", DATA)
    piece = await found(spool, "up/1/seg")
    assert piece is not None
    body = Body([piece], Limit(10))
    assert body.md5().hex() == MD5
    assert bytes(body.read()) == DATA
    assert await found(spool, "up/1/other") is None
    await spool.drop(["up/1/seg", "up/1/other"])
    assert await found(spool, "up/1/seg") is None


async def test_names_lead_nowhere_else(spool: Spool, tmp_path: Path) -> None:
    await spool.put("../../outside", DATA)
    await spool.put("n" * 1000, DATA)
    assert await found(spool, "../../outside") is not None
    assert await found(spool, "n" * 1000) is not None
    assert [path.name for path in tmp_path.iterdir()] == ["spool"]


async def test_a_copy_of_another_size_is_a_miss_and_other_bytes_are_not_sent(
    spool: Spool,
) -> None:
    await spool.put("a", DATA)
    assert await spool.slice("a", size=999, md5=MD5) is None
    await spool.put("a", DATA[:-1] + b"y")
    piece = await found(spool, "a")
    assert piece is not None
    with pytest.raises(SpoiltSlice):
        Body([piece], Limit(10)).md5()


async def test_what_was_not_used_for_longest_goes_first(spool: Spool, tmp_path: Path) -> None:
    for number in range(30):
        await spool.put(str(number), DATA)
        for path in (tmp_path / "spool").iterdir():  # a second passes
            used = path.stat().st_mtime - 1
            os.utime(path, (used, used))
        assert await found(spool, "0") is not None
        kept = [path.stat().st_size for path in (tmp_path / "spool").iterdir()]
        assert sum(kept) <= LIMIT
    assert [number for number in range(30) if await found(spool, str(number))] == [
        0,
        *range(30 - len(kept) + 1, 30),
    ]


async def test_nothing_larger_than_the_folder_is_kept(spool: Spool) -> None:
    await spool.put("small", DATA)
    await spool.put("large", b"x" * (LIMIT + 1))
    assert await found(spool, "small") is not None


async def test_another_process_finds_the_same_copies(spool: Spool, tmp_path: Path) -> None:
    await spool.put("a", DATA)
    other = Spool(tmp_path / "spool", LIMIT)
    await other.open()
    assert await found(other, "a") is not None
    await other.drop(["a"])
    assert await found(spool, "a") is None
    other.close()


async def test_leftovers_of_dead_processes_are_deleted_and_those_of_others_are_not(
    spool: Spool, tmp_path: Path
) -> None:
    unfinished = tmp_path / "spool" / f"{UNFINISHED}1"
    process = subprocess.Popen(
        [sys.executable, "-c", DYING, str(unfinished)], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    await spool.open()
    assert unfinished.exists()
    process.kill()
    process.wait()
    process.stdout.close()
    await spool.open()
    assert not unfinished.exists()


async def test_a_folder_that_cannot_be_used_is_a_miss_that_is_logged_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    spool = Spool(tmp_path / "file" / "spool", LIMIT)
    with capture_logs() as logs:
        await spool.open()
        await spool.put("a", DATA)
        assert await found(spool, "a") is None
        await spool.drop(["a"])
    assert [line["event"] for line in logs] == ["spool.failed"]
    spool.close()
