"""Originals and records that have had their day, as a client and an operator see them."""

import json
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from support import photos, tus
from support.servers import Server, running_server

PHOTO = photos.jpeg(3, size=(800, 600))


@pytest.fixture(scope="module")
def brief(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    """A server that keeps nothing longer than a moment, but sweeps only when it is told to."""
    folder: Path = tmp_path_factory.mktemp("brief")
    with running_server(
        folder, types="*", sweep_every=3600, keep_originals=0.01, keep_records=0.01
    ) as running:
        yield running


def sweep(server: Server) -> Any:
    command = [sys.executable, "-m", "tusline", "sweep", "--data", str(server.data), "--json"]
    swept = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    return json.loads(swept.stdout)


def test_an_original_that_was_dropped_is_gone_and_its_variants_are_not(brief: Server) -> None:
    url = tus.upload(brief.files, PHOTO, filename="a.jpg")
    before = tus.outcome(url)
    assert sweep(brief)["dropped"] == 1
    told = tus.status(url)
    assert (told["phase"], told["original"], told["original_gone"]) == ("ready", None, True)
    assert told["version"] > before["version"]
    for address in (url, brief.url + before["original"]["url"]):
        answer = tus.request("GET", address)
        assert (answer.status, answer.code) == (410, "original-gone")
    for variant in told["variants"]:
        assert len(tus.request("GET", brief.url + variant["url"]).body) == variant["size"]
    assert tus.head(url).offset == len(PHOTO)
    assert sweep(brief)["dropped"] == 0
    assert tus.delete(url).status == 204


def test_a_file_without_variants_expires_with_its_original(brief: Server) -> None:
    url = tus.upload(brief.files, b"hello")
    assert tus.outcome(url)["phase"] == "ready"
    assert sweep(brief)["dropped"] == 1
    assert tus.status(url)["phase"] == "expired"
    assert tus.request("GET", url).status == 410
    assert sweep(brief)["forgotten"] >= 1
    assert tus.request("GET", url).status == 404
    assert tus.request("GET", tus.status_url(url)).status == 404


def test_a_deleted_upload_is_known_for_a_while_and_then_forgotten(brief: Server) -> None:
    url = tus.created(brief.files, 5)
    assert tus.delete(url).status == 204
    assert tus.status(url)["phase"] == "terminated"
    sweep(brief)
    assert tus.request("GET", tus.status_url(url)).status == 404
    for answer in (tus.head(url), tus.patch(url, 0, b"x"), tus.delete(url)):
        assert answer.status == 404


def test_a_forgotten_key_makes_a_new_upload(brief: Server) -> None:
    key = {"Idempotency-Key": "0123456789abcdef012345"}
    url = tus.create(brief.files, 5, headers=key).headers["location"]
    tus.delete(url)
    sweep(brief)
    assert tus.create(brief.files, 5, headers=key).headers["location"] != url


def test_by_default_an_original_stays(server: Server, files: str) -> None:
    url = tus.upload(files, b"here to stay")
    assert tus.outcome(url)["original_gone"] is False
    assert sweep(server)["dropped"] == 0
    assert tus.request("GET", url).body == b"here to stay"
