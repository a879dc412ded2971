"""`Tus-Resumable`: in every answer, and asked for in every request but OPTIONS and GET."""

import uuid
from collections.abc import Iterator

import pytest

from support import raw, tus
from support.waiting import until

VERSION = {"Tus-Resumable": "1.0.0"}
UNKNOWN = "n" * 32
WRONG: list[dict[str, str]] = [
    {},
    {"Tus-Resumable": "0.2.2"},
    {"Tus-Resumable": "1.0.0, 1.0.0"},
    {"Tus-Resumable": ""},
]


def all_kinds(files: str) -> Iterator[tus.Answer]:
    """Answers of every status that can be had from one server."""
    key = {"Idempotency-Key": str(uuid.uuid4())}
    created = tus.create(files, 10, headers=key)
    url = created.headers["location"]
    yield created
    yield tus.create(files, 11, headers=key)
    with tus.open_patch(url, 0, 10) as holder:
        holder.sendall(b"12345")
        until(lambda: tus.status(url)["offset"] == 5, "the holder is at work")
        yield tus.head(url)
        yield tus.read_answer(holder)
    with tus.open_patch(url, 5, 5) as silent:
        yield tus.read_answer(silent)
    yield tus.patch(url, 5, b"6", {"Upload-Checksum": "sha1 AAAA"})
    yield tus.patch(url, 5, b"67890")
    yield tus.patch(url, 5, b"6")
    yield tus.patch(url, 10, b"1")
    yield tus.request("PATCH", url, VERSION)
    yield tus.request("PATCH", url, VERSION | {"Content-Type": tus.OFFSET_STREAM})
    yield tus.request("PUT", url, VERSION)
    yield tus.request("GET", url)
    yield tus.request("GET", url, {"Range": "bytes=0-1"})
    yield tus.request("GET", url, {"Range": "bytes=99-"})
    yield tus.request("GET", f"{files}/{UNKNOWN}")
    yield tus.request("PATCH", url)
    yield tus.delete(url)
    yield tus.request("OPTIONS", files)


def test_every_answer_names_the_version(files: str) -> None:
    answers = list(all_kinds(files))
    assert {answer.headers.get("tus-resumable") for answer in answers} == {"1.0.0"}
    seen = {answer.status for answer in answers}
    expected = {200, 201, 204, 206, 400, 404, 405, 409, 412, 413, 415, 416, 422, 423, 460, 503}
    assert seen == expected


@pytest.mark.parametrize("version", WRONG)
@pytest.mark.parametrize("method", ["POST", "PATCH", "HEAD", "DELETE"])
def test_a_request_of_another_version_or_none_is_refused_with_ours(
    files: str, method: str, version: dict[str, str]
) -> None:
    url = tus.created(files, 5)
    offset = {"Upload-Offset": "0", "Content-Type": tus.OFFSET_STREAM, "Upload-Length": "5"}
    body = b"12345" if method in ("POST", "PATCH") else None
    answer = tus.request(method, files if method == "POST" else url, version | offset, body)
    assert (answer.status, answer.headers["tus-version"]) == (412, "1.0.0")
    assert "content-length" in answer.headers
    assert "location" not in answer.headers
    assert tus.head(url).offset == 0


def test_a_get_needs_no_version_but_not_a_wrong_one(files: str) -> None:
    url = tus.upload(files, b"12345")
    assert tus.request("GET", url).status == 200
    assert tus.request("GET", url, VERSION).status == 200
    assert tus.request("GET", url, {"Tus-Resumable": "0.2.2"}).status == 412


def test_options_ignores_the_version(files: str) -> None:
    for version in ({}, VERSION, {"Tus-Resumable": "9.9.9"}):
        assert tus.request("OPTIONS", files, version).status == 200


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_the_version_is_looked_at_before_a_body_is_asked_for(files: str, method: str) -> None:
    url = files if method == "POST" else tus.created(files, 5)
    headers = {
        "Tus-Resumable": "0.2.2",
        "Upload-Length": "5",
        "Upload-Offset": "0",
        "Content-Type": tus.OFFSET_STREAM,
        "Content-Length": "5",
        "Expect": "100-continue",
    }
    with raw.open_request(method, url, headers) as sock:
        answer = tus.read_answer(sock)
    assert (answer.status, answer.headers["connection"]) == (412, "close")
