"""`Idempotency-Key`: a creation whose answer got lost is sent again and makes no second upload."""

import threading
import uuid
from pathlib import Path

import pytest

from support import raw, tus
from support.servers import running_server

DATA = b"1234567890"


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid.uuid4())}


def test_a_repeated_creation_finds_its_upload_at_its_offset(files: str) -> None:
    mine = key()
    first = tus.create(files, len(DATA), headers=mine)
    url = first.headers["location"]
    tus.patch(url, 0, DATA[:4])
    again = tus.create(files, len(DATA), headers=mine)
    assert (again.status, again.headers["location"], again.offset) == (201, url, 4)
    assert "upload-expires" in again.headers
    assert tus.patch(url, 4, DATA[4:]).status == 204
    assert tus.create(files, len(DATA), headers=mine).offset == len(DATA)


def test_a_smaller_limit_does_not_concern_what_was_created_before(tmp_path: Path) -> None:
    with running_server(tmp_path, types="*", max_size=100) as server:
        mine = key()
        url = tus.create(server.files, 100, headers=mine).headers["location"]
        server.restart(max_size=50)
        again = tus.create(server.files, 100, headers=mine)
        assert (again.status, again.headers["location"]) == (201, url)
        assert tus.create(server.files, 100, headers=key()).status == 413
        assert tus.patch(url, 0, b"x" * 100).status == 204


def test_a_key_counts_bare_and_in_quotes(files: str) -> None:
    bare = key()
    quoted = {"Idempotency-Key": f'"{bare["Idempotency-Key"]}"'}
    url = tus.create(files, 5, headers=bare).headers["location"]
    assert tus.create(files, 5, headers=quoted).headers["location"] == url
    assert tus.create(files, 5, headers=key()).headers["location"] != url


def test_the_body_of_a_repeated_creation_is_not_waited_for(files: str) -> None:
    mine = key()
    url = tus.create(files, len(DATA), headers=mine, body=DATA[:4]).headers["location"]
    headers = {
        "Tus-Resumable": "1.0.0",
        "Upload-Length": str(len(DATA)),
        "Content-Type": tus.OFFSET_STREAM,
        "Content-Length": str(len(DATA)),
        "Expect": "100-continue",
        **mine,
    }
    with raw.open_request("POST", files, headers) as sock:
        again = tus.read_answer(sock)
    assert (again.status, again.headers["location"], again.offset) == (201, url, 4)
    assert again.headers["connection"] == "close"
    assert tus.create(files, len(DATA), headers=mine, body=DATA).offset == 4


@pytest.mark.parametrize(
    "text",
    ["short", "0123456789-0123456789", "k" * 129, "a key with blanks in it", '"half-a-string-000'],
)
def test_a_key_that_is_none_is_refused(files: str, text: str) -> None:
    answer = tus.create(files, 5, headers={"Idempotency-Key": text})
    assert (answer.status, answer.code) == (400, "bad-idempotency-key")


def test_a_key_is_for_one_creation_only(files: str) -> None:
    mine = key()
    url = tus.create(files, 5, headers=mine, metadata={"filename": "a"}).headers["location"]
    for length, name in ((6, "a"), (5, "b"), (None, "a")):
        answer = tus.create(files, length, headers=mine, metadata={"filename": name})
        assert (answer.status, answer.code) == (422, "idempotency-key-reused")
        assert "location" not in answer.headers
    again = tus.create(files, 5, headers=mine, metadata={"filename": "a"})
    assert again.headers["location"] == url


def test_a_creation_of_deferred_length_is_repeated_as_it_was_made(files: str) -> None:
    mine = key()
    url = tus.create(files, None, headers=mine).headers["location"]
    assert tus.patch(url, 0, DATA, {"Upload-Length": str(len(DATA))}).status == 204
    assert tus.create(files, None, headers=mine).headers["location"] == url
    assert tus.create(files, len(DATA), headers=mine).code == "idempotency-key-reused"


def test_creations_at_the_same_moment_make_one_upload(files: str) -> None:
    mine = key()
    made: list[tus.Answer] = []

    def create() -> None:
        made.append(tus.create(files, len(DATA), headers=mine, body=DATA))

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status for answer in made} == {201}
    (url,) = {answer.headers["location"] for answer in made}
    assert tus.outcome(url)["phase"] == "ready"
    assert tus.request("GET", url).body == DATA


def test_a_repeated_creation_outlives_the_server_and_a_disk_that_is_full(tmp_path: Path) -> None:
    mine = key()
    with running_server(tmp_path, types="*") as server:
        url = tus.create(server.files, len(DATA), headers=mine, body=DATA[:4]).headers["location"]
        server.restart(min_free=2**60)
        again = tus.create(server.files, len(DATA), headers=mine)
        assert (again.status, again.headers["location"], again.offset) == (201, url, 4)
        refused = tus.create(server.files, len(DATA), headers=key())
        assert (refused.status, refused.code) == (507, "store-full")


def test_the_key_of_a_deleted_upload_makes_a_new_one(files: str) -> None:
    mine = key()
    url = tus.create(files, 5, headers=mine).headers["location"]
    assert tus.delete(url).status == 204
    assert tus.create(files, 5, headers=mine).headers["location"] != url
