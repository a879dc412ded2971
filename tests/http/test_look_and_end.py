"""HEAD, DELETE, OPTIONS: what is told, and what goes away."""

import base64
from pathlib import Path

import pytest

from support import tus
from support.servers import Server, running_server

METHODS = ("HEAD", "PATCH", "DELETE", "POST", "GET")


def test_head_tells_offset_length_and_the_metadata_as_they_were_given(files: str) -> None:
    raw = f"b ,a {base64.b64encode(bytes([255])).decode()}, filename d29y"
    url = tus.create(files, 10, headers={"Upload-Metadata": raw}).headers["location"]
    tus.patch(url, 0, b"123")
    answer = tus.head(url)
    assert answer.status == 200
    assert (answer.offset, answer.headers["upload-length"]) == (3, "10")
    assert answer.headers["upload-metadata"] == raw
    assert answer.headers["cache-control"] == "no-store"
    assert "upload-defer-length" not in answer.headers
    assert "upload-expires" in answer.headers
    assert answer.headers.get("content-length", "0") == "0"


@pytest.mark.parametrize(
    "id", ["nobody", "n" * 22, "..%2f..%2fetc", "a" * 65, "x%00y" * 5, "a/b/c/d/e/f/g/h/i"]
)
def test_an_unknown_upload_is_not_found_and_has_no_offset(files: str, id: str) -> None:
    for answer in (
        tus.head(f"{files}/{id}"),
        tus.patch(f"{files}/{id}", 0, b"x"),
        tus.delete(f"{files}/{id}"),
        tus.request("GET", f"{files}/{id}"),
    ):
        assert answer.status == 404
        assert "upload-offset" not in answer.headers


@pytest.mark.parametrize("finished", [True, False])
def test_a_terminated_upload_is_gone_with_all_its_bytes(
    server: Server, files: str, finished: bool
) -> None:
    url = tus.upload(files, b"12345") if finished else tus.created(files, 10)
    tus.patch(url, 0, b"12345") if not finished else None
    assert tus.delete(url).status == 204
    id = url.rpartition("/")[2]
    left = [path for path in server.data.rglob(f"*{id}*") if path.exists()]
    assert not left
    for answer in (tus.head(url), tus.patch(url, 5, b""), tus.delete(url)):
        assert answer.status == 404
    assert tus.status(url)["phase"] == "terminated"


def test_terminating_ends_a_running_request(files: str) -> None:
    url = tus.created(files, 10)
    with tus.open_patch(url, 0, 10) as holder:
        holder.sendall(b"12345")
        assert tus.delete(url).status == 204
        assert tus.read_answer(holder).status == 423
    assert tus.head(url).status == 404


def test_options_tells_what_the_server_can_do(files: str) -> None:
    url = tus.created(files, 10)
    for address in (files, url):
        for version in ({}, {"Tus-Resumable": "9.9.9"}):
            answer = tus.request("OPTIONS", address, version)
            assert answer.status == 200
            assert answer.headers["tus-version"] == "1.0.0"
            assert answer.headers["tus-max-size"] == "1000000"
            extensions = answer.headers["tus-extension"].split(",")
            assert extensions == [
                "creation",
                "creation-with-upload",
                "creation-defer-length",
                "termination",
                "checksum",
                "concatenation",
                "concatenation-unfinished",
                "expiration",
                "checksum-trailer",
            ]


def test_uploads_that_never_expire_say_nothing_of_it(tmp_path: Path) -> None:
    with running_server(tmp_path, types="*", expires=0) as server:
        answer = tus.create(server.files, 10)
        assert "upload-expires" not in answer.headers
        extensions = tus.request("OPTIONS", server.files).headers["tus-extension"]
        assert "expiration" not in extensions


def test_error_texts_carry_their_code_and_are_padded(files: str) -> None:
    answer = tus.patch(f"{files}/{'n' * 22}", 0, b"x")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.code == "unknown-upload"
    assert len(answer.body) == 256
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["tus-resumable"] == "1.0.0"
