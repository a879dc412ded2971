"""`Upload-Metadata`: what is taken, what is refused, and that it comes back byte for byte."""

from pathlib import Path

import pytest

from support import tus
from support.servers import running_server


def create(files: str, raw: str) -> tus.Answer:
    return tus.create(files, 5, headers={"Upload-Metadata": raw})


@pytest.mark.parametrize(
    "raw",
    [
        "filename d29y,is_conf",
        "a,b",
        "a Zm9v , b",
        "a,,b",
        "a Zm9v,",
        "a /w==",
        "Key Zm9v,key YmFy",
        "a Zm9v,b Zm9v,c",
    ],
)
def test_metadata_is_taken_and_told_again_as_it_was_given(files: str, raw: str) -> None:
    answer = create(files, raw)
    assert answer.status == 201
    assert tus.head(answer.headers["location"]).headers["upload-metadata"] == raw


@pytest.mark.parametrize("raw", ["", " "])
def test_no_metadata_is_none(files: str, raw: str) -> None:
    answer = create(files, raw)
    assert answer.status == 201
    assert "upload-metadata" not in tus.head(answer.headers["location"]).headers


@pytest.mark.parametrize(
    "raw",
    ["a b c", "a !!!", "a Zm9", "a Zm9v==", "a Zm9v,a YmFy", "\xc3\xa9 Zm9v", "a  Zm9v", "a Zm 9v"],
)
def test_metadata_of_another_form_makes_nothing(files: str, raw: str) -> None:
    answer = create(files, raw)
    assert (answer.status, answer.code) == (400, "bad-metadata")
    assert "location" not in answer.headers


def test_metadata_outlives_the_server(tmp_path: Path) -> None:
    raw = "b ,a /w==, filename d29y"
    with running_server(tmp_path, types="*") as server:
        url = create(server.files, raw).headers["location"]
        server.restart()
        assert tus.head(url).headers["upload-metadata"] == raw
