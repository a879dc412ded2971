"""tusline inside another application: below a mount and a prefix, with the host's own rights."""

import os
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from support import tus
from support.servers import Server, running_server

APP = Path(__file__).parents[1] / "support" / "embedded_app.py"
ANN, BOB, BANNED, DOWN = ({"Authorization": name} for name in ("ann", "bob", "banned", "down"))


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    folder = tmp_path_factory.mktemp("host")
    with running_server(folder, program=(sys.executable, str(APP))) as running:
        yield running


@pytest.fixture
def files(host: Server) -> str:
    return f"{host.url}/site/media/files"


def anns_upload(files: str) -> str:
    answer = tus.create(files, 10, headers=ANN)
    assert answer.status == 201
    return answer.headers["location"]


def test_the_host_keeps_its_own_routes(host: Server) -> None:
    assert tus.request("GET", f"{host.url}/site/").body == b"hello\n"


@pytest.mark.parametrize("slash", ["", "/"])
def test_uploads_work_below_the_mount_and_the_prefix(files: str, slash: str) -> None:
    answer = tus.create(files + slash, 5, headers=ANN)
    url = answer.headers["location"]
    assert url.startswith(f"{files}/")
    assert tus.patch(url, 0, b"12345", ANN).status == 204
    told = tus.request("GET", tus.status_url(url), ANN).json()
    assert told["original"]["url"].startswith("/site/media/uploads/")
    assert tus.request("GET", url, ANN).body == b"12345"


def test_without_credentials_nothing_is_done(files: str) -> None:
    url = anns_upload(files)
    refused = [
        tus.create(files, 10),
        tus.head(url),
        tus.patch(url, 0, b"x"),
        tus.delete(url),
        tus.request("GET", url),
        tus.request("GET", tus.status_url(url)),
        tus.request("GET", f"{tus.status_url(url).rpartition('/')[0]}/events?ids={'n' * 32}"),
    ]
    assert [answer.status for answer in refused] == [401] * len(refused)


def test_a_preflight_needs_no_credentials(files: str) -> None:
    asked = {"Origin": "https://app.example.org", "Access-Control-Request-Method": "PATCH"}
    for address in (files, anns_upload(files)):
        assert tus.request("OPTIONS", address, asked).status == 200


def test_a_stranger_finds_nothing(files: str) -> None:
    url = anns_upload(files)
    version = {"Tus-Resumable": "1.0.0"}
    refused = [
        tus.head(url, BOB),
        tus.patch(url, 0, b"x", BOB),
        tus.request("DELETE", url, version | BOB),
        tus.request("GET", url, BOB),
        tus.request("GET", tus.status_url(url), BOB),
    ]
    assert [answer.status for answer in refused] == [404] * len(refused)
    assert tus.head(url, ANN).offset == 0


def test_rights_are_asked_for_before_the_body_is_sent(files: str) -> None:
    url = anns_upload(files)
    with tus.open_patch(url, 0, 10, headers={"Expect": "100-continue"}) as sock:
        assert tus.read_answer(sock).status == 401


def test_a_refusal_of_the_host_is_the_answer(files: str) -> None:
    assert tus.create(files, 10, headers=BANNED).status == 403


def test_a_directory_that_does_not_answer_never_makes_a_client_start_over(files: str) -> None:
    url = anns_upload(files)
    assert tus.head(url, DOWN).status == 423
    answer = tus.patch(url, 0, b"x", DOWN)
    assert (answer.status, answer.code) == (503, "access-unavailable")
    assert tus.head(url, ANN).offset == 0


def test_the_command_sends_the_headers_that_it_is_given(files: str, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("hello")
    command = [sys.executable, "-m", "tusline", "upload", str(tmp_path / "note.txt")]
    env = os.environ | {"XDG_STATE_HOME": str(tmp_path / "state")}
    refused = subprocess.run(
        [*command, "--url", files], env=env, capture_output=True, text=True, timeout=30
    )
    assert refused.returncode == 1
    assert "unauthorized" in refused.stderr
    header = ["--header", "Authorization: ann"]
    done = subprocess.run(
        [*command, *header, "--url", files], env=env, capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 0, done.stderr


def test_an_address_without_a_server_is_named(host: Server, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("hello")
    command = [sys.executable, "-m", "tusline", "upload", str(tmp_path / "note.txt")]
    env = os.environ | {"XDG_STATE_HOME": str(tmp_path / "state")}
    nowhere = f"{host.url}/nowhere"
    refused = subprocess.run(
        [*command, "--url", nowhere], env=env, capture_output=True, text=True, timeout=30
    )
    assert refused.returncode == 1
    assert f"no tus server at {nowhere}" in refused.stderr
