"""Real clients with their defaults, on a good line and on one where the deadline strikes."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from support import photos, tus
from support.line import Line
from support.servers import Server, running_server

DEADLINE = 2
SLOW_SECONDS = 10
PHOTO = photos.jpeg(5, size=(2400, 1800))

Client = Callable[[str, Path], str]


def tuspy(endpoint: str, path: Path) -> str:
    """tuspy as its README has it: no metadata, no retries, the whole file in one request."""
    script = (
        "import sys; from tusclient.client import TusClient;"
        "uploader = TusClient(sys.argv[1]).uploader(sys.argv[2]);"
        "uploader.upload(); print(uploader.url)"
    )
    return run(sys.executable, "-c", script, endpoint, str(path)).strip()


def tusjs(endpoint: str, path: Path) -> str:
    """tus-js-client in Node with its defaults."""
    return str(tusjs_with(endpoint, path)["url"])


def tusjs_with(endpoint: str, path: Path, **options: object) -> dict[str, Any]:
    script = Path(__file__).with_name("tusjs.mjs")
    told: dict[str, Any] = json.loads(
        run("node", str(script), endpoint, str(path), json.dumps(options))
    )
    return told


def run(*command: str) -> str:
    """A client as a process of its own, which must succeed; what it prints."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    folder = tmp_path_factory.mktemp("clients")
    with running_server(folder, request_deadline=DEADLINE) as running:
        yield running


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(PHOTO)
    return path


def check(server: Server, url: str) -> None:
    """The upload is optimized, and its original is the photo to the byte."""
    own = f"{server.files}/{url.rpartition('/')[2]}"
    outcome = tus.outcome(own)
    assert outcome["phase"] == "ready", outcome
    assert [variant["name"] for variant in outcome["variants"]] == ["main", "thumbnail"]
    stored = tus.request("GET", own).body
    assert hashlib.sha256(stored).digest() == hashlib.sha256(PHOTO).digest()


@pytest.mark.parametrize("client", [tuspy, tusjs])
def test_a_client_with_its_defaults_uploads(server: Server, client: Client, photo: Path) -> None:
    check(server, client(server.files, photo))


@pytest.mark.parametrize("client", [tuspy, tusjs])
def test_a_client_with_its_defaults_gets_through_a_deadline_that_strikes(
    server: Server, client: Client, photo: Path
) -> None:
    with Line(server.port, rate=len(PHOTO) / SLOW_SECONDS) as line:
        url = client(f"{line.url}/files", photo)
    struck = [entry for entry in server.log.splitlines() if '"code": "deadline"' in entry]
    assert len(struck) >= 3
    check(server, url)


@pytest.mark.parametrize(
    "options",
    [
        {"uploadDataDuringCreation": True},
        {"uploadLengthDeferred": True, "chunkSize": 200_000},
        {"uploadDataDuringCreation": True, "uploadLengthDeferred": True, "chunkSize": 200_000},
        {"overridePatchMethod": True, "metadata": {"filename": "Fjörd.jpg"}},
    ],
)
def test_tus_js_client_uploads_with_other_options(
    server: Server, photo: Path, options: dict[str, Any]
) -> None:
    check(server, tusjs_with(server.files, photo, **options)["url"])
