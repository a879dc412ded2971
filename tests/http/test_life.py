"""Starting and stopping: refusals with a way out, and nothing lost at a SIGTERM."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from starlette.applications import Starlette
from structlog.testing import capture_logs

from support import tus
from support.servers import Server, running_server
from support.waiting import until, until_written
from tusline import Access, Hooks, Settings, Tusline, create_app
from tusline.errors import ConfigurationError
from tusline.settings import load
from tusline.storage.disk.layout import Layout
from tusline.upload import UploadId


def serve(*options: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """`tusline serve`, where it is expected to end by itself."""
    env = {f"TUSLINE_{name.upper()}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "tusline", "serve", "--port", "0", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, env=env)


def test_a_second_server_on_a_folder_is_refused_with_a_way_out(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        second = serve("--data", str(server.data))
        assert second.returncode == 2
        assert f"in use by process {server.pid}" in second.stderr
        assert "--data" in second.stderr
        assert tus.request("GET", f"{server.url}/healthz").status == 200


def test_a_server_that_anybody_could_write_to_is_refused(tmp_path: Path) -> None:
    refused = serve("--data", str(tmp_path), "--host", "0.0.0.0")
    assert refused.returncode == 2
    assert "TUSLINE_ALLOW_ANONYMOUS" in refused.stderr


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"max_siz": "5"}, "TUSLINE_MAX_SIZ"),
        ({"max_size": "big"}, "TUSLINE_MAX_SIZE"),
        ({"public_url": "example.org"}, "TUSLINE_PUBLIC_URL"),
        ({"trusted_proxies": "nobody"}, "TUSLINE_TRUSTED_PROXIES"),
        ({"types": "image/png,jpeg"}, "TUSLINE_TYPES"),
        ({"types": ""}, "TUSLINE_TYPES"),
    ],
)
def test_a_bad_setting_is_named(tmp_path: Path, settings: dict[str, str], named: str) -> None:
    refused = serve("--data", str(tmp_path), **settings)
    assert refused.returncode == 2
    assert named in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("variables", "option", "port"),
    [
        ({}, None, 8000),
        ({"PORT": "1"}, None, 1),
        ({"PORT": "1", "TUSLINE_PORT": "2"}, None, 2),
        ({"PORT": "1", "TUSLINE_PORT": "2"}, 3, 3),
    ],
)
def test_the_nearer_word_on_the_port_wins(
    variables: dict[str, str], option: int | None, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PORT", "TUSLINE_PORT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert (load() if option is None else load(port=option)).port == port


@pytest.mark.parametrize("name", ["PORT", "TUSLINE_PORT"])
def test_a_port_that_is_none_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "http")
    with pytest.raises(ConfigurationError, match=r"^TUSLINE_PORT: "):
        load()


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    refused = serve("--data", str(tmp_path / "file" / "data"))
    assert refused.returncode == 2
    assert "cannot be used" in refused.stderr


def test_a_folder_with_files_of_somebody_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / "scratch" / "thesis.txt"
    mine.parent.mkdir()
    mine.write_text("precious")
    refused = serve("--data", str(tmp_path))
    assert refused.returncode == 2
    assert f"{tmp_path} is no data folder of tusline, and not empty" in refused.stderr
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [mine]


def test_a_fresh_disk_and_hidden_files_are_no_reason_to_refuse(tmp_path: Path) -> None:
    (tmp_path / "data" / "lost+found").mkdir(parents=True)
    (tmp_path / "data" / ".gitkeep").touch()
    with running_server(tmp_path) as server:
        assert tus.request("GET", f"{server.url}/healthz").status == 200


async def nobody(access: Access) -> str | None:
    return None


@pytest.mark.parametrize(
    ("allowed", "hooks", "warned"),
    [(False, Hooks(), True), (True, Hooks(), False), (False, Hooks(authorize=nobody), False)],
)
async def test_an_application_that_anybody_can_upload_to_says_so_at_its_start(
    tmp_path: Path, allowed: bool, hooks: Hooks, warned: bool
) -> None:
    tusline = Tusline(Settings(data=tmp_path / "data", allow_anonymous=allowed), hooks)
    tusline.install(app := Starlette())
    with capture_logs() as logs:
        async with app.router.lifespan_context(app):
            pass
    told = [log["way_out"] for log in logs if log["event"] == "embedded.anonymous"]
    assert len(told) == warned
    assert all("authorize" in way_out for way_out in told)


def test_a_server_on_loopback_does_not_warn_of_who_could_upload(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        assert "anonymous" not in server.log


async def test_an_application_can_be_started_twice(tmp_path: Path) -> None:
    app = create_app(Settings(data=tmp_path / "data"))
    for _ in range(2):
        async with app.router.lifespan_context(app):
            await asyncio.sleep(0)
            assert app.state.tusline.life.working()
        assert not app.state.tusline.life.working()


def test_a_port_that_is_taken_is_named_with_a_way_out(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        refused = serve("--data", str(tmp_path / "other"), "--port", str(server.port))
        assert refused.returncode == 2
        assert f"port {server.port}" in refused.stderr
        assert "--port" in refused.stderr


def test_ctrl_c_stops_a_server_and_is_no_failure(tmp_path: Path) -> None:
    server = Server(tmp_path / "data")
    server.start()
    assert server.terminate(signal.SIGINT) == 0
    assert "tusline has stopped" in server.log


def test_a_second_ctrl_c_stops_at_once_and_without_a_word(tmp_path: Path) -> None:
    with running_server(tmp_path, types="*") as server:
        url = tus.created(server.files, 1000)
        tus.patch(url, 0, b"x" * 300)
        with tus.open_patch(url, 300, 700) as moving:
            moving.sendall(b"x" * 200)
            until_written(server.data, url, 500)
            os.kill(server.pid, signal.SIGINT)
            until(lambda: "tusline stops" in server.log, "the stop begins")
            assert server.terminate(signal.SIGINT) == 130
        assert "Traceback" not in server.log
        server.start()
        assert tus.head(url).offset >= 300


def test_a_sweep_without_a_server_prints_nothing_but_json_and_logs_elsewhere(
    tmp_path: Path,
) -> None:
    stranger = Layout(tmp_path / "data").extent(UploadId("n" * 32), 0)
    stranger.parent.mkdir(parents=True)
    stranger.touch()
    Layout(tmp_path / "data").lock.touch()
    command = [sys.executable, "-m", "tusline", "sweep", "--data", str(tmp_path / "data"), "--json"]
    swept = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    assert json.loads(swept.stdout)["expired"] == 0
    assert "store.unknown_uploads" in swept.stderr
