"""What the uploader understands of a status, and how it waits for the end."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from support.scripted import Say, ScriptedServer
from tusline.upload import Phase, Reason
from tusline.uploader.batch import judged
from tusline.uploader.connection import Connection
from tusline.uploader.patience import GaveUp, Patience
from tusline.uploader.source import examine
from tusline.uploader.status import Limits, Original, Status, fetch, follow, limits, status_url
from tusline.uploader.verdict import Refused
from tusline.uploader.watching import Result

SHA = "ab" * 32


def said(phase: str, version: int, **more: Any) -> Say:
    original = {"url": "/uploads/x/original", "size": 10, "content_type": "t", "sha256": SHA}
    status = {"id": "x", "phase": phase, "version": version, "original": original, "variants": []}
    return Say(status=200, body=json.dumps(status | more))


def patient(give_up: float = 30.0) -> Patience:
    return Patience(give_up, threading.Event(), dice=lambda: 0.0)


def test_the_status_stands_beside_the_uploads_whatever_the_prefix() -> None:
    assert status_url("http://h:1/files/abc") == "http://h:1/uploads/abc"
    assert status_url("https://h/photos/files/abc") == "https://h/photos/uploads/abc"


def test_addresses_in_a_status_become_absolute(
    server: ScriptedServer, connection: Connection
) -> None:
    made: dict[str, Any] = {"name": "main", "url": "x/main", "content_type": "image/jpeg"}
    made |= {"width": 4, "height": 3, "size": 5, "saved": 0.5}
    server.script["GET"].append(said("ready", 3, variants=[made]))
    status = fetch(connection, f"{server.files}/x")
    root = server.files.removesuffix("/files")
    assert status.original is not None
    assert status.original.url == f"{root}/uploads/x/original"
    assert status.variants[0].url == f"{root}/uploads/x/main"


def test_it_follows_an_upload_through_trouble_to_its_end(
    server: ScriptedServer, connection: Connection
) -> None:
    server.script["GET"].extend(
        [
            said("received", 1),
            Say(status=None),
            Say(status=503),
            said("optimizing", 2),
            said("optimizing", 2),
            said("ready", 3),
        ]
    )
    heard: list[str] = []
    follow(connection, f"{server.files}/x", patient(), lambda status: heard.append(status.phase))
    assert heard == ["received", "optimizing", "ready"]


def test_it_stops_following_an_upload_in_which_nothing_happens(
    server: ScriptedServer, connection: Connection
) -> None:
    server.script["GET"].extend([said("optimizing", 2)] * 100)
    with pytest.raises(GaveUp, match="still optimizing"):
        follow(connection, f"{server.files}/x", patient(0.3), lambda status: None)


@pytest.mark.parametrize("answer", [Say(status=404), Say(status=200, body="<html>")])
def test_a_server_without_a_status_is_no_server_to_follow(
    answer: Say, server: ScriptedServer, connection: Connection
) -> None:
    server.script["GET"].append(answer)
    with pytest.raises(Refused):
        follow(connection, f"{server.files}/x", patient(), lambda status: None)


def test_limits_come_from_the_server_and_have_defaults(
    server: ScriptedServer, connection: Connection
) -> None:
    chunks = {"start": 1, "min": 1, "max": 2, "seconds": 3.0}
    told = {"max_files": 7, "request_deadline": 0, "chunks": chunks, "types": ["*"]}
    server.script["GET"].extend([Say(status=200, body=json.dumps(told)), Say(status=None)])
    from_server = limits(connection, server.files)
    assert (from_server.max_files, from_server.chunks.seconds) == (7, 3.0)
    assert limits(connection, server.files) == Limits()
    server.script["GET"].append(Say(status=200, body="no JSON"))
    assert limits(connection, server.files) == Limits()


@pytest.fixture
def sent(tmp_path: Path) -> Result:
    (tmp_path / "a").write_bytes(b"a")
    return Result(source=examine(tmp_path / "a"), url="http://h/files/x")


def status(phase: Phase, **more: Any) -> Status:
    original = Original(url="u", size=10, sha256=SHA)
    return Status(phase=phase, version=1, original=original, **more)


def test_an_equal_hash_verifies_and_another_one_fails(sent: Result) -> None:
    good = judged(sent, status(Phase.READY), SHA)
    bad = judged(sent, status(Phase.READY), "cd" * 32)
    assert (good.failure, good.verified) == (None, True)
    assert bad.verified is False
    assert bad.failure is not None
    assert bad.failure.startswith("sha256-mismatch")
    assert "changed meanwhile" in bad.failure


def test_a_server_that_tells_no_hash_leaves_it_unchecked(sent: Result) -> None:
    result = judged(sent, Status(phase=Phase.READY, version=1), SHA)
    assert (result.failure, result.verified) == (None, None)


@pytest.mark.parametrize(
    ("phase", "reason", "words"),
    [
        (Phase.FAILED, Reason(code="broken", message="cut off"), "not optimized: broken: cut off"),
        (Phase.REJECTED, Reason(code="not_an_image", message="text"), "not_an_image: text"),
        (Phase.TERMINATED, None, "the upload is terminated"),
    ],
)
def test_an_upload_that_did_not_end_well_is_a_failure(
    sent: Result, phase: Phase, reason: Reason | None, words: str
) -> None:
    result = judged(sent, status(phase, reason=reason), SHA)
    assert result.failure is not None
    assert words in result.failure
