"""Real clients with their defaults, on a good line and on one where the deadline strikes."""

from pathlib import Path
from typing import Any

import pytest

from support.clients import TUS_JS, TUSPY, Client
from support.line import Line
from support.photo_uploads import arrived
from support.servers import Server

SLOW_SECONDS = 10


@pytest.mark.parametrize("client", [TUSPY, TUS_JS], ids=str)
def test_a_client_with_its_defaults_uploads(hasty: Server, client: Client, photo: Path) -> None:
    arrived(hasty, client.upload(hasty.files, photo), photo)


@pytest.mark.parametrize("client", [TUSPY, TUS_JS], ids=str)
def test_a_client_with_its_defaults_gets_through_a_deadline_that_strikes(
    hasty: Server, client: Client, photo: Path
) -> None:
    with Line(hasty.port, rate=photo.stat().st_size / SLOW_SECONDS) as line:
        ended = client.upload(f"{line.url}/files", photo)
    struck = [entry for entry in hasty.log.splitlines() if '"code": "deadline"' in entry]
    assert len(struck) >= 3
    arrived(hasty, ended, photo)


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
    hasty: Server, photo: Path, options: dict[str, Any]
) -> None:
    arrived(hasty, TUS_JS.given(**options).upload(hasty.files, photo), photo)
