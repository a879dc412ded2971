"""POST: what is created, what is refused, and what the answer says."""

import re

import pytest

from support import tus
from support.servers import Server

WIDE = "\xef\xbc\x91"  # a full-width 1 in UTF-8, as it arrives
PLAIN = {"Tus-Resumable": "1.0.0"}


def test_a_creation_answers_an_absolute_location_and_the_offset(server: Server) -> None:
    answer = tus.create(server.files, 10)
    assert answer.status == 201
    assert re.fullmatch(rf"{re.escape(server.files)}/[0-9a-f]{{32}}", answer.headers["location"])
    assert answer.offset == 0
    assert re.fullmatch(
        r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT",
        answer.headers["upload-expires"],
    )


def test_the_creation_url_is_known_with_and_without_a_slash(server: Server) -> None:
    answer = tus.create(server.files + "/", 10)
    assert answer.status == 201
    assert "/files//" not in answer.headers["location"]
    assert tus.head(answer.headers["location"]).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Upload-Length": "5", "Upload-Defer-Length": "1"},
        *({"Upload-Defer-Length": value} for value in ("0", "2", "true", "1, 1")),
        *(
            {"Upload-Length": value}
            for value in ("-1", "+1", "1.0", "0x1", "", " ", WIDE, str(2**63))
        ),
        {"Upload-Length": "5", "Upload-Metadata": "a !!!"},
        {"Upload-Length": "5", "Upload-Metadata": "a Zm9v,a YmFy"},
        {"Upload-Length": "5", "Upload-Metadata": "a " + "Zm9v" * 2100},
    ],
)
def test_a_malformed_creation_is_refused(files: str, headers: dict[str, str]) -> None:
    answer = tus.request("POST", files, PLAIN | headers)
    assert answer.status == 400
    assert "location" not in answer.headers


def test_the_largest_length_is_accepted_and_one_more_is_not(files: str) -> None:
    assert tus.create(files, 1_000_000).status == 201
    answer = tus.create(files, 1_000_001)
    assert (answer.status, answer.code) == (413, "too-large")


def test_a_body_can_come_with_the_creation(files: str) -> None:
    answer = tus.create(files, 10, body=b"12345")
    assert (answer.status, answer.offset) == (201, 5)
    assert tus.patch(answer.headers["location"], 5, b"67890").offset == 10


def test_a_whole_file_can_come_with_the_creation(files: str) -> None:
    answer = tus.create(files, 5, body=b"12345")
    assert (answer.status, answer.offset) == (201, 5)
    assert "upload-expires" not in answer.headers
    assert tus.outcome(answer.headers["location"])["phase"] == "ready"


def test_a_body_of_another_type_is_refused_and_no_body_of_any_type_is_not(files: str) -> None:
    typed = PLAIN | {"Upload-Length": "5", "Content-Type": "text/plain"}
    assert tus.request("POST", files, typed, b"12345").status == 415
    assert tus.request("POST", files, typed).status == 201


def test_a_body_longer_than_the_upload_makes_none(files: str) -> None:
    answer = tus.create(files, 4, body=b"12345")
    assert answer.status == 413
    assert "location" not in answer.headers


def test_an_empty_upload_is_complete_at_once(files: str) -> None:
    url = tus.created(files, 0)
    answer = tus.head(url)
    assert (answer.offset, answer.headers["upload-length"]) == (0, "0")
    assert tus.patch(url, 0, b"").status == 204
    assert tus.outcome(url)["phase"] == "ready"


def test_the_location_follows_a_trusted_proxy(files: str) -> None:
    for forwarded in (
        {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "up.example.org"},
        {"Forwarded": 'for=1.2.3.4;proto=https;host="up.example.org", for=5.6.7.8'},
    ):
        answer = tus.create(files, 5, headers=forwarded)
        assert answer.headers["location"].startswith("https://up.example.org/files/")


def test_a_forged_host_does_not_break_the_location(files: str) -> None:
    answer = tus.create(files, 5, headers={"X-Forwarded-Host": 'a"><script>'})
    assert re.fullmatch(r"http://[0-9.:]+/files/[A-Za-z0-9_-]+", answer.headers["location"])
