"""Commands beside a deployment with Redis: any number of processes, from any host."""

import json
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from support import tus
from support.programs import Deployment, deployment
from support.redis_servers import RedisServer
from support.servers import environment


@pytest.fixture
def service(tmp_path: Path, redis_server: RedisServer) -> Generator[Deployment]:
    with deployment(tmp_path / "data", redis_server.url, types="*") as running:
        running.web()
        yield running


def command(service: Deployment, *words: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "tusline", *words],
        env=environment() | service.settings,
        capture_output=True,
        text=True,
        timeout=30,
    )
    return done.returncode, done.stdout + done.stderr


def test_show_tells_an_upload_from_redis(service: Deployment) -> None:
    url = tus.upload(service.files, b"1234567890")
    code, words = command(service, "show", url, "--json")
    assert code == 0, words
    assert json.loads(words)["upload"]["phase"] == "received"
    code, words = command(service, "show", "0" * 32)
    assert (code, "no upload" in words) == (1, True), words


def test_sweep_works_beside_the_others(service: Deployment) -> None:
    tus.upload(service.files, b"1234567890")
    code, words = command(service, "sweep", "--json")
    assert code == 0, words
    assert json.loads(words)["queued"] == 1


def test_an_embedded_server_does_not_share_the_folder_of_others(service: Deployment) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tusline", "serve", "--port", "0"],
        env=environment() | {"TUSLINE_DATA": service.settings["TUSLINE_DATA"]},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 2
    assert "in use" in done.stderr
