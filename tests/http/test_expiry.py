"""Uploads that expire: what is told of it before, and what is answered after."""

import time
from collections.abc import Generator
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from support import tus
from support.servers import Server, running_server
from support.waiting import until

LIFE = 0.5
VERSION = {"Tus-Resumable": "1.0.0"}
OCTETS = {"Content-Type": tus.OFFSET_STREAM}


@pytest.fixture(scope="module")
def hurried(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    """Uploads live for half a second; nobody sweeps, and nothing is committed before the end."""
    folder: Path = tmp_path_factory.mktemp("hurried")
    with running_server(
        folder, types="*", expires=LIFE, sweep_every=3600, commit_seconds=60
    ) as running:
        yield running


def expired(answer: tus.Answer) -> bool:
    return (answer.status, answer.headers["tus-resumable"]) == (410, "1.0.0")


# --- before ------------------------------------------------------------------------------------


def test_every_answer_about_an_upload_that_expires_says_when(files: str) -> None:
    created = tus.create(files, 10)
    url = created.headers["location"]
    patch = VERSION | OCTETS
    with tus.open_patch(url, 0, 10) as holder:
        holder.sendall(b"123")
        until(lambda: tus.status(url)["offset"] == 3, "the holder is at work")
        answers = [
            created,
            tus.head(url),
            tus.read_answer(holder),
            tus.patch(url, 3, b"4"),
            tus.request("PATCH", url, VERSION | {"Upload-Offset": "4"}, b"5"),
            tus.request("PATCH", url, patch, b"5"),
            tus.request("PATCH", url, patch | {"Upload-Offset": "4", "Upload-Length": "9"}, b"5"),
            tus.patch(url, 3, b"5"),
            tus.patch(url, 4, b"5678901"),
            tus.patch(url, 4, b"5", {"Upload-Checksum": "sha1 AAAA"}),
        ]
    told = [(answer.status, "upload-expires" in answer.headers) for answer in answers]
    statuses = (201, 200, 423, 204, 415, 400, 400, 409, 413, 460)
    assert told == [(status, True) for status in statuses]


def test_a_request_that_ends_early_says_when_too(files: str) -> None:
    url = tus.created(files, 10)
    with tus.open_patch(url, 0, 10) as silent:
        silent.sendall(b"123")
        answer = tus.read_answer(silent)
    assert (answer.status, "upload-expires" in answer.headers) == (503, True)


def test_a_finished_upload_does_not_expire(files: str) -> None:
    url = tus.created(files, 5)
    for answer in (
        tus.patch(url, 0, b"12345"),
        tus.head(url),
        tus.patch(url, 5, b""),
        tus.patch(url, 0, b"12345"),
        tus.create(files, 5, body=b"12345"),
        tus.create(files, 0),
    ):
        assert "upload-expires" not in answer.headers


def test_a_stranger_is_not_told_when_nothing_expires(files: str) -> None:
    assert "upload-expires" not in tus.patch(f"{files}/{'n' * 32}", 0, b"x").headers


def test_progress_moves_the_moment_of_expiry_and_nothing_else_does(files: str) -> None:
    url = tus.created(files, 10)
    before = tus.status(url)["expires"]
    tus.patch(url, 9, b"x")
    tus.head(url)
    assert tus.status(url)["expires"] == before
    tus.patch(url, 0, b"x")
    assert tus.status(url)["expires"] > before


def test_the_moment_is_the_status_own_to_the_second(files: str) -> None:
    url = tus.created(files, 10)
    told = parsedate_to_datetime(tus.head(url).headers["upload-expires"])
    assert told.timestamp() == int(tus.status(url)["expires"])


# --- after -------------------------------------------------------------------------------------


def test_an_upload_expires_by_the_clock_whether_anybody_sweeps_or_not(hurried: Server) -> None:
    url = tus.created(hurried.files, 10)
    assert tus.head(url).status == 200
    time.sleep(LIFE)
    answers = [tus.head(url), tus.patch(url, 0, b"x"), tus.delete(url), tus.request("GET", url)]
    assert all(map(expired, answers))
    assert not any("upload-offset" in answer.headers for answer in answers)
    assert not any("upload-expires" in answer.headers for answer in answers)
    assert tus.request("PATCH", url, VERSION, b"x").status == 410


def test_a_request_that_runs_at_the_moment_of_expiry_is_finished(hurried: Server) -> None:
    url = tus.created(hurried.files, 10)
    with tus.open_patch(url, 0, 10) as sock:
        sock.sendall(b"12345")
        time.sleep(2 * LIFE)
        assert tus.status(url)["offset"] == 0  # nothing has moved the moment
        sock.sendall(b"67890")
        assert tus.read_answer(sock).status == 204
    assert tus.request("GET", url).body == b"1234567890"


def test_a_finished_upload_outlives_the_moment(hurried: Server) -> None:
    url = tus.upload(hurried.files, b"12345")
    time.sleep(2 * LIFE)
    assert tus.head(url).status == 200
    assert tus.request("GET", url).body == b"12345"


@pytest.mark.parametrize("status", [410, 404])
def test_an_expired_upload_is_answered_with_the_status_that_the_setting_says(
    tmp_path: Path, status: int
) -> None:
    with running_server(
        tmp_path, types="*", expires=0.2, sweep_every=0.1, expired_status=status
    ) as server:
        url = tus.created(server.files, 10)
        assert tus.outcome(url)["phase"] == "expired"
        for answer in (
            tus.head(url),
            tus.patch(url, 0, b"x"),
            tus.delete(url),
            tus.request("GET", url),
        ):
            assert answer.status == status
            assert "upload-offset" not in answer.headers
            assert answer.code in ("expired-upload", "")
