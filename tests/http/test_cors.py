"""Browsers on other origins: they may do everything, and read everything, errors too."""

from pathlib import Path

import pytest

from support import tus
from support.servers import running_server

ORIGIN = {"Origin": "https://app.example.org"}


@pytest.mark.parametrize("method", ["POST", "PATCH", "HEAD", "DELETE"])
def test_a_preflight_allows_every_verb_and_header(files: str, method: str) -> None:
    asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "x"}
    for address in (files, f"{files}/{'n' * 22}"):
        answer = tus.request("OPTIONS", address, ORIGIN | asked)
        assert answer.status == 200
        assert answer.headers["access-control-allow-origin"] == "*"
        assert method in answer.headers["access-control-allow-methods"]
        allowed = answer.headers["access-control-allow-headers"].lower().split(", ")
        for header in ("tus-resumable", "upload-metadata", "x-http-method-override"):
            assert header in allowed
        assert answer.headers["access-control-max-age"] == "86400"


def test_answers_and_refusals_can_be_read_by_a_page(files: str) -> None:
    url = tus.created(files, 5)
    for answer in (
        tus.patch(url, 0, b"12345", ORIGIN),
        tus.patch(url, 9, b"1", ORIGIN),
        tus.head(f"{files}/{'n' * 22}", ORIGIN),
        tus.request("POST", files, ORIGIN),
        tus.request("GET", url, ORIGIN),
        tus.request("GET", tus.status_url(url), ORIGIN),
        tus.request("GET", tus.status_url(files + "/" + "n" * 22), ORIGIN),
    ):
        assert answer.headers["access-control-allow-origin"] == "*"
        exposed = answer.headers["access-control-expose-headers"].split(", ")
        for header in ("Location", "Upload-Offset", "Upload-Expires", "Tus-Resumable"):
            assert header in exposed


def test_only_configured_origins_are_let_in_and_with_credentials(tmp_path: Path) -> None:
    with running_server(tmp_path, cors_origins="https://app.example.org") as server:
        ours = tus.request("OPTIONS", server.files, ORIGIN)
        assert ours.headers["access-control-allow-origin"] == "https://app.example.org"
        assert ours.headers["access-control-allow-credentials"] == "true"
        assert ours.headers["vary"] == "Origin"
        other = tus.request("OPTIONS", server.files, {"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in other.headers
        assert other.headers["vary"] == "Origin"
