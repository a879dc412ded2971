"""gunicorn refuses what would lose uploads, or let strangers in; our files start what they say."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support import tus
from support.programs import Program
from support.servers import HOST, environment, free_port
from tusline.cli import COMMANDS
from tusline.settings import PREFIX, Settings, variable

ROOT = Path(__file__).parents[2]
GUNICORN = (sys.executable, "-m", "gunicorn", "-c", "python:tusline.gunicorn_conf")
ELSEWHERE = ("AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


def refused(tmp_path: Path, *options: str, **variables: str) -> str:
    """What gunicorn says when it does not start, as misconfigured."""
    done = subprocess.run(
        [*GUNICORN, *options],
        env=environment() | {"TUSLINE_DATA": str(tmp_path / "data"), "PORT": "0"} | variables,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.parametrize(
    ("options", "variables"), [(("--workers", "2"), {}), ((), {"WEB_CONCURRENCY": "2"})]
)
def test_several_web_processes_without_redis_are_refused(
    tmp_path: Path, options: tuple[str, ...], variables: dict[str, str]
) -> None:
    assert "set REDIS_URL" in refused(tmp_path, *options, **variables)


def test_an_address_that_strangers_reach_is_refused(tmp_path: Path) -> None:
    assert "TUSLINE_ALLOW_ANONYMOUS" in refused(tmp_path, "--bind", "0.0.0.0:0")


def test_a_bad_setting_is_refused_before_there_is_any_process(tmp_path: Path) -> None:
    assert "TUSLINE_NOT_THERE" in refused(tmp_path, TUSLINE_NOT_THERE="1")


def test_a_folder_that_another_server_holds_stops_gunicorn(tmp_path: Path) -> None:
    data = {"TUSLINE_DATA": str(tmp_path / "data")}
    first = Program(GUNICORN, r"web\.ready", data | {"TUSLINE_PORT": str(free_port())})
    try:
        done = subprocess.run(
            GUNICORN,
            env=environment() | data | {"TUSLINE_PORT": str(free_port())},
            capture_output=True,
            text=True,
            timeout=30,
        )
    finally:
        first.close()
    assert done.returncode != 0
    assert "in use by process" in done.stderr


@pytest.mark.parametrize(
    "command", [(*GUNICORN, "--check-config"), (sys.executable, "-m", "gunicorn", "--check-config")]
)
def test_the_configuration_is_valid_in_a_clone_and_where_it_is_installed(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    given = environment() | {"TUSLINE_DATA": str(tmp_path / "data")}
    done = subprocess.run(command, cwd=ROOT, env=given, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_procfile_names_what_there_is() -> None:
    lines = dict(re.findall(r"^(\w+): (.*)$", (ROOT / "Procfile").read_text(), re.MULTILINE))
    assert lines.keys() == {"web", "worker", "release"}
    assert lines["web"].split()[0] == "gunicorn"
    for name in ("worker", "release"):
        program, command = lines[name].split()
        assert (program, command in COMMANDS) == ("tusline", True)


def test_the_app_manifest_names_settings_that_there_are() -> None:
    manifest = json.loads((ROOT / "app.json").read_text())
    known = {variable(name) for name in Settings.model_fields} | set(ELSEWHERE)
    assert manifest["env"].keys() <= known
    assert all(name.startswith(PREFIX) or name in ELSEWHERE for name in manifest["env"])


def test_run_prod_is_a_whole_deployment_that_ends_with_one_signal(tmp_path: Path) -> None:
    port = free_port()
    settings = {"TUSLINE_STORE": "disk", "TUSLINE_PORT": str(port), "TUSLINE_TYPES": "*"}
    tool = str(ROOT / "tools" / "run_prod.py")
    program = Program(
        ("env", "-C", str(tmp_path), sys.executable, tool), "Choose photos at", settings
    )
    try:
        program.until("worker.*is ready")
        url = tus.upload(f"http://{HOST}:{port}/files", b"1234567890")
        assert tus.outcome(url)["phase"] == "ready"
        assert program.stop(signal.SIGINT)[0] == 0
    finally:
        program.close()
