"""Browsers on other origins: they may do everything, and read everything, errors too."""

from pathlib import Path

import pytest

from support import tus
from support.servers import Server, running_server

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


SENT = """Authorization Content-Type Origin X-Requested-With X-Request-ID X-HTTP-Method-Override
    Tus-Resumable Upload-Length Upload-Defer-Length Upload-Offset Upload-Metadata Upload-Concat
    Upload-Checksum Upload-Complete Upload-Incomplete Upload-Draft-Interop-Version Idempotency-Key
    Content-Disposition Content-Digest Repr-Digest Want-Repr-Digest Want-Content-Digest"""

READ = """Location Tus-Version Tus-Resumable Tus-Max-Size Tus-Extension Tus-Checksum-Algorithm
    Upload-Offset Upload-Length Upload-Defer-Length Upload-Metadata Upload-Concat Upload-Expires
    Upload-Complete Upload-Limit Upload-Draft-Interop-Version Repr-Digest Content-Digest
    Retry-After X-Request-ID"""


def test_a_page_may_send_and_read_every_header_of_the_protocols(files: str) -> None:
    asked = {"Access-Control-Request-Method": "POST"}
    allowed = tus.request("OPTIONS", files, ORIGIN | asked).headers["access-control-allow-headers"]
    assert set(SENT.split()) <= set(allowed.split(", "))
    exposed = tus.create(files, 5, headers=ORIGIN).headers["access-control-expose-headers"]
    assert set(READ.split()) <= set(exposed.split(", "))


def test_a_preflight_tells_what_the_server_can_do(files: str) -> None:
    told = tus.request("OPTIONS", files, ORIGIN | {"Access-Control-Request-Method": "POST"}).headers
    for name in ("tus-version", "tus-extension", "tus-max-size", "tus-resumable"):
        assert name in told


def test_a_host_may_want_headers_of_its_own(tmp_path: Path) -> None:
    with running_server(tmp_path, cors_headers="X-Api-Key, X-Tenant") as server:
        for address in (server.files, f"{server.url}/config"):
            told = tus.request("OPTIONS", address, ORIGIN).headers["access-control-allow-headers"]
            assert {"X-Api-Key", "X-Tenant", "Upload-Offset"} <= set(told.split(", "))


def test_answers_and_refusals_can_be_read_by_a_page(files: str) -> None:
    url = tus.created(files, 5)
    for answer in (
        tus.patch(url, 0, b"12345", ORIGIN),
        tus.patch(url, 9, b"1", ORIGIN),
        tus.head(f"{files}/{'n' * 22}", ORIGIN),
        tus.request("POST", files, ORIGIN),
        tus.create(files, 1_000_001, headers=ORIGIN),
        tus.request("PUT", files, ORIGIN | {"Tus-Resumable": "1.0.0"}),
        tus.request("GET", url, ORIGIN),
        tus.request("GET", tus.status_url(url), ORIGIN),
        tus.request("GET", tus.status_url(files + "/" + "n" * 22), ORIGIN),
    ):
        assert answer.headers["access-control-allow-origin"] == "*"
        exposed = answer.headers["access-control-expose-headers"].split(", ")
        for header in ("Location", "Upload-Offset", "Upload-Expires", "Tus-Resumable"):
            assert header in exposed


def test_no_browser_guesses_the_type_of_an_answer(server: Server, files: str) -> None:
    url = tus.upload(files, b"<script>")
    asset = tus.request("GET", f"{server.url}/").body.decode().partition('src="')[2]
    for answer in (
        tus.head(url),
        tus.patch(url, 0, b"x"),
        tus.request("GET", url),
        tus.request("GET", f"{tus.status_url(url)}/original"),
        tus.request("GET", f"{tus.status_url(url)}/nothing"),
        tus.request("GET", tus.status_url(url)),
        tus.request("GET", f"{server.url}/config"),
        tus.request("GET", f"{server.url}/"),
        tus.request("GET", f"{server.url}/{asset.partition(chr(34))[0].lstrip('./')}"),
    ):
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_only_configured_origins_are_let_in_and_with_credentials(tmp_path: Path) -> None:
    with running_server(tmp_path, cors_origins="https://app.example.org") as server:
        ours = tus.request("OPTIONS", server.files, ORIGIN)
        assert ours.headers["access-control-allow-origin"] == "https://app.example.org"
        assert ours.headers["access-control-allow-credentials"] == "true"
        assert ours.headers["vary"] == "Origin"
        other = tus.request("OPTIONS", server.files, {"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in other.headers
        assert other.headers["vary"] == "Origin"
