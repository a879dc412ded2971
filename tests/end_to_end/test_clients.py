"""Real clients with their defaults, on a good line and on one where the deadline strikes."""

import hashlib
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from support import photos, tus
from support.clients import TUS_JS, TUSPY, Client, Ended
from support.line import Line
from support.servers import Server, running_server

DEADLINE = 2
SLOW_SECONDS = 10
PHOTO = photos.jpeg(5, size=(2400, 1800))


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


def check(server: Server, ended: Ended) -> None:
    """The upload is done and optimized, and its original is the photo to the byte."""
    assert ended.done, ended.words
    assert ended.url is not None
    own = f"{server.files}/{ended.url.rpartition('/')[2]}"
    outcome = tus.outcome(own)
    assert outcome["phase"] == "ready", outcome
    assert [variant["name"] for variant in outcome["variants"]] == ["main", "thumbnail"]
    stored = tus.request("GET", own).body
    assert hashlib.sha256(stored).digest() == hashlib.sha256(PHOTO).digest()


@pytest.mark.parametrize("client", [TUSPY, TUS_JS], ids=str)
def test_a_client_with_its_defaults_uploads(server: Server, client: Client, photo: Path) -> None:
    check(server, client.upload(server.files, photo))


@pytest.mark.parametrize("client", [TUSPY, TUS_JS], ids=str)
def test_a_client_with_its_defaults_gets_through_a_deadline_that_strikes(
    server: Server, client: Client, photo: Path
) -> None:
    with Line(server.port, rate=len(PHOTO) / SLOW_SECONDS) as line:
        ended = client.upload(f"{line.url}/files", photo)
    struck = [entry for entry in server.log.splitlines() if '"code": "deadline"' in entry]
    assert len(struck) >= 3
    check(server, ended)


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
    check(server, TUS_JS.given(**options).upload(server.files, photo))
