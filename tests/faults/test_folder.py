"""A data folder that cannot be used: a clear word with a way out, and nothing is made worse."""

import os
import sqlite3
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from support import tus
from support.servers import running_server

DATA = b"0123456789" * 1000
CONFIGURATION = 2
"""The exit code of a server that cannot be started as it is configured."""


def started_in_vain(data: Path, *before: str) -> tuple[int, str]:
    """Exit code and words of a server that does not start."""
    command = [
        *before,
        sys.executable,
        "-m",
        "tusline",
        "serve",
        "--port",
        "0",
        "--data",
        str(data),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    return done.returncode, done.stdout + done.stderr


def stopped_with_an_upload(tmp_path: Path) -> tuple[Path, bytes]:
    """The folder of a server that took half an upload, and its database."""
    with running_server(tmp_path, types="*") as server:
        tus.patch(tus.created(server.files, len(DATA)), 0, DATA[:5000])
        server.terminate()
        server.start()
    return server.data, (server.data / "records.db").read_bytes()


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda image: b"no database at all" * 500, id="overwritten"),
        pytest.param(lambda image: image[: len(image) // 3], id="cut short"),
        pytest.param(lambda image: image[:4096] + b"\xff" * (len(image) - 4096), id="pages lost"),
    ],
)
def test_a_damaged_database_stops_the_start_with_a_way_out(tmp_path: Path, damage: object) -> None:
    assert callable(damage)
    data, image = stopped_with_an_upload(tmp_path)
    (data / "records.db-wal").unlink(missing_ok=True)
    (data / "records.db").write_bytes(damage(image))
    code, words = started_in_vain(data)
    assert code == CONFIGURATION
    assert "records.db" in words
    assert "Move it away" in words
    assert "Traceback" not in words


def test_a_folder_that_cannot_be_written_stops_the_start(tmp_path: Path) -> None:
    data, _ = stopped_with_an_upload(tmp_path)
    read_only = f'mount --bind {data} {data} && mount -o remount,bind,ro {data} && exec "$@"'
    unshare = ("unshare", "--map-root-user", "--mount", "sh", "-c", read_only, "sh")
    code, words = started_in_vain(data, *unshare)
    assert code == CONFIGURATION
    assert "Read-only file system" in words
    assert "Traceback" not in words


def test_a_damaged_page_of_the_database_is_no_5xx_for_who_asks_for_the_offset(
    tmp_path: Path,
) -> None:
    with running_server(tmp_path, types="*") as server:
        url = tus.created(server.files, len(DATA))
        told = tus.patch(url, 0, DATA[:5000]).offset
        server.terminate()
        server.start()
        database = server.data / "records.db"
        image = database.read_bytes()
        with database.open("r+b") as file:
            file.seek(4096)
            file.write(os.urandom(len(image) - 4096))
        answers = {tus.head(url).status for _ in range(3)}
        assert answers <= {200, 423}
        assert tus.patch(url, told, DATA[told:]).status in (204, 503)
        server.kill()
        database.write_bytes(image)
        for name in ("records.db-wal", "records.db-shm"):
            (server.data / name).unlink(missing_ok=True)
        server.start()
        assert tus.head(url).offset == told
        assert tus.patch(url, told, DATA[told:]).status == 204
        assert tus.request("GET", url).body == DATA


@pytest.mark.parametrize(("version", "words"), [(0, "tusline serve"), (999, "newer version")])
def test_the_timeline_in_a_folder_of_another_version_is_a_word_with_a_way_out(
    tmp_path: Path, version: int, words: str
) -> None:
    first = files("tusline.records.sqlite").joinpath("steps/001.sql").read_text()
    with sqlite3.connect(tmp_path / "records.db") as other:
        other.executescript(f"{first}; PRAGMA user_version = {version};")
    other.close()
    command = [sys.executable, "-m", "tusline", "show", "0" * 32, "--data", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == CONFIGURATION
    assert words in done.stderr
    assert "Traceback" not in done.stderr


WITHOUT_RIGHTS = (
    ("setpriv", "--bounding-set=-dac_override,-dac_read_search") if os.geteuid() == 0 else ()
)
"""Before a command: root obeys permissions, too."""


@pytest.mark.parametrize("command", [("show", "0" * 32), ("sweep",)], ids=["show", "sweep"])
def test_a_folder_that_may_not_be_looked_into_is_named_in_one_line(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    closed = tmp_path / "closed"
    (closed / "data").mkdir(parents=True)
    closed.chmod(0)
    try:
        done = subprocess.run(
            [*WITHOUT_RIGHTS, sys.executable, "-m", "tusline", *command],
            env=os.environ | {"TUSLINE_DATA": str(closed / "data")},
            capture_output=True,
            text=True,
            timeout=30,
        )
    finally:
        closed.chmod(0o700)
    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: {closed}/data")
    assert done.stderr.endswith(": Permission denied\n")
    assert done.stderr.count("\n") == 1
