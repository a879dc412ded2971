"""Partial uploads, and the creation of final ones: what is joined, and what is refused."""

import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from support import tus
from support.parts import PARTIAL, content, final, partial, post_final
from support.servers import Server, running_server

APP = Path(__file__).parents[1] / "support" / "embedded_app.py"
VERSION = {"Tus-Resumable": "1.0.0"}
NOBODY = "0" * 32


def listed(server: Server) -> set[str]:
    """Names of all files that hold bytes of uploads."""
    return {path.name for path in server.data.rglob("*/*/*") if path.is_file()}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """Where uploads are created below a mount and a prefix, by people with names."""
    folder = tmp_path_factory.mktemp("host")
    with running_server(folder, program=(sys.executable, str(APP))) as running:
        yield f"{running.url}/site/media/files"


# --- partial uploads ---------------------------------------------------------------------------


def test_both_extensions_are_announced(files: str) -> None:
    """CAT-01, CAT-10"""
    extensions = tus.request("OPTIONS", files).headers["tus-extension"].split(",")
    assert {"concatenation", "concatenation-unfinished"} <= set(extensions)


def test_a_partial_upload_is_created_like_any_other(files: str) -> None:
    """CAT-02"""
    body = tus.create(files, 10, metadata={"part": "1"}, headers=PARTIAL, body=b"12345")
    assert (body.status, body.offset) == (201, 5)
    url = body.headers["location"]
    assert tus.patch(url, 5, b"67890").offset == 10
    deferred = tus.create(files, None, headers=PARTIAL)
    assert deferred.status == 201
    declared = tus.patch(deferred.headers["location"], 0, b"123", {"Upload-Length": "3"})
    assert declared.status == 204
    bare = tus.request("POST", files, VERSION | PARTIAL)
    assert (bare.status, bare.code) == (400, "length-missing")


def test_a_partial_upload_is_never_finished_by_itself(files: str) -> None:
    """CAT-03"""
    url = partial(files, b"12345")
    empty = partial(files, b"")
    for each in (url, empty):
        told = tus.status(each)
        assert (told["phase"], told["progress"]) == ("receiving", 1)
        assert (told["original"], told["concat"]) == (None, {"kind": "partial"})
        download = tus.request("GET", each)
        assert (download.status, download.code) == (405, "not-finished")


def test_the_head_of_a_partial_upload_has_an_offset_and_its_expiry(files: str) -> None:
    """CAT-16, EXP-04"""
    url = partial(files, b"123", length=10)
    assert tus.head(url).offset == 3
    completed = tus.patch(url, 3, b"4567890")
    told = tus.head(url)
    assert (told.offset, told.headers["upload-length"]) == (10, "10")
    assert completed.headers["upload-expires"] == told.headers["upload-expires"]


# --- final ones --------------------------------------------------------------------------------


def test_a_final_upload_is_as_long_as_its_members(files: str) -> None:
    """CAT-04, CAT-15, CAT-08"""
    answer = post_final(files, partial(files, b"12345"), partial(files, b"678"))
    assert (answer.status, answer.offset) == (201, 8)
    told = tus.head(answer.headers["location"])
    assert (told.offset, told.headers["upload-length"]) == (8, "8")
    assert told.headers["cache-control"] == "no-store"
    assert content(answer.headers["location"]) == b"12345678"


def test_members_longer_together_than_allowed_make_none(server: Server) -> None:
    """CAT-04"""
    url = partial(server.files, b"x" * 500_000)
    before = listed(server)
    answer = post_final(server.files, url, url, partial(server.files, b"x"))
    assert (answer.status, answer.code) == (413, "too-large")
    assert len(listed(server) - before) == 1
    assert post_final(server.files, url, url).status == 201


@pytest.mark.parametrize(
    "value", ["final;", "final; ", "final", "Partial", "foo", "Final;{a}", "final:{a}", ""]
)
def test_anything_but_partial_or_a_list_is_refused(files: str, value: str) -> None:
    """CAT-05"""
    url = partial(files, b"x")
    answer = tus.create(files, 1, headers={"Upload-Concat": value.format(a=url)})
    assert (answer.status, answer.code) == (400, "bad-concat")
    assert "location" not in answer.headers


def test_blanks_between_members_are_as_good_as_one(files: str) -> None:
    """CAT-05"""
    a, b = partial(files, b"a"), partial(files, b"b")
    assert content(final(files, "", a, "", "", b)) == b"ab"


def test_members_are_joined_in_the_order_named(files: str) -> None:
    """CAT-06"""
    a, b = partial(files, b"aaa"), partial(files, b"bb")
    assert content(final(files, b, a)) == b"bbaaa"


def test_a_members_url_may_be_spelt_in_every_way(server: Server) -> None:
    """CAT-07"""
    files = server.files
    url = partial(files, b"x")
    id = url.rpartition("/")[2]
    coded = "".join(f"%{ord(letter):02x}" for letter in id)
    spelt = [url, f"/files/{id}", id, f"./{id}", f"https://evil.example/files/{id}?a=b"]
    spelt += [f"/files/{coded}", f"//other:1/files/{id}#x"]
    assert content(final(files, *spelt)) == b"x" * len(spelt)
    assert content(final(f"{files}/", id, f"./{id}")) == b"xx"


@pytest.mark.parametrize("url", ["/other/{id}", "http://x.example/{id}", "../{id}", "/files{id}"])
def test_a_url_outside_of_ours_is_refused(files: str, url: str) -> None:
    """CAT-07"""
    id = partial(files, b"x").rpartition("/")[2]
    answer = post_final(files, url.format(id=id))
    assert (answer.status, answer.code) == (400, "bad-concat")


def test_members_are_found_below_a_mount_and_a_prefix(host: str) -> None:
    """CAT-07"""
    ann = {"Authorization": "ann"}
    created = tus.create(host, 1, headers=PARTIAL | ann, body=b"x").headers["location"]
    id = created.rpartition("/")[2]
    spelt = [created, f"/site/media/files/{id}", f"/media/files/{id}", id]
    answer = post_final(host, *spelt, Authorization="ann")
    assert (answer.status, answer.offset) == (201, 4)
    assert post_final(host, f"/files/{id}", Authorization="ann").code == "bad-concat"


def test_members_are_found_below_the_public_address(tmp_path: Path) -> None:
    """CAT-07: a proxy that takes a path away"""
    with running_server(tmp_path, public_url="https://x.example/up", types="*") as server:
        url = tus.created(server.files, 1)
        assert url.startswith("https://x.example/up/files/")
        answer = tus.create(server.files, 1, headers=PARTIAL, body=b"x")
        assert post_final(server.files, answer.headers["location"]).offset == 1


def test_an_unknown_member_is_named_and_nothing_is_made(server: Server) -> None:
    """CAT-08"""
    url, gone = partial(server.files, b"x"), partial(server.files, b"y")
    assert tus.delete(gone).status == 204
    before = listed(server)
    for id in (NOBODY, gone.rpartition("/")[2]):
        answer = post_final(server.files, url, f"/files/{id}")
        assert (answer.status, answer.code) == (400, "unknown-member")
        assert id in answer.body.decode()
        assert "location" not in answer.headers
    assert listed(server) == before


@pytest.mark.parametrize("length", ["2", "3"])
def test_a_length_on_a_final_upload_is_refused(server: Server, length: str) -> None:
    """CAT-09"""
    url = partial(server.files, b"12")
    before = listed(server)
    answer = post_final(server.files, url, Upload_Length=length)
    assert (answer.status, answer.code) == (400, "final-length")
    assert post_final(server.files, url, Upload_Defer_Length="1").code == "final-length"
    assert listed(server) == before


def test_a_checksum_that_nobody_would_check_is_refused_on_a_final_upload(server: Server) -> None:
    url = partial(server.files, b"12")
    before = listed(server)
    answer = post_final(server.files, url, Upload_Checksum="sha1 2jmj7l5rSw0yVb/vlWAYkK/YBwk=")
    assert (answer.status, answer.code) == (400, "final-checksum")
    assert listed(server) == before


def test_a_final_upload_repeated_under_its_key_is_the_same_one(files: str) -> None:
    member, other = partial(files, b"x"), partial(files, b"y")
    key = "a-key-of-this-test-only"
    url = final(files, member, Idempotency_Key=key)
    assert tus.delete(member).status == 204
    again = post_final(files, member, Idempotency_Key=key)
    assert (again.status, again.headers["location"], again.offset) == (201, url, 1)
    reused = post_final(files, other, Idempotency_Key=key)
    assert (reused.status, reused.code) == (422, "idempotency-key-reused")


@pytest.mark.parametrize("kind", [tus.OFFSET_STREAM, "text/plain"])
def test_a_body_with_a_final_upload_is_refused(server: Server, kind: str) -> None:
    """CAT-20"""
    url = partial(server.files, b"x")
    before = listed(server)
    headers = VERSION | {"Upload-Concat": f"final;{url}", "Content-Type": kind}
    answer = tus.request("POST", server.files, headers, b"12345")
    assert (answer.status, answer.code) == (403, "final-upload")
    assert listed(server) == before


def test_only_partial_uploads_can_be_members(files: str) -> None:
    """CAT-21"""
    member = partial(files, b"x")
    others = [final(files, member), tus.upload(files, b"y"), tus.created(files, 5)]
    for other in others:
        answer = post_final(files, member, other)
        assert (answer.status, answer.code) == (400, "not-partial")
        assert other.rpartition("/")[2] in answer.body.decode()


def test_members_of_somebody_else_are_unknown(host: str) -> None:
    """CAT-24"""
    urls = {
        name: tus.create(host, 1, headers=PARTIAL | {"Authorization": name}, body=b"x").headers[
            "location"
        ]
        for name in ("ann", "bob")
    }
    answer = post_final(host, urls["ann"], urls["bob"], Authorization="ann")
    assert (answer.status, answer.code) == (400, "unknown-member")
    assert post_final(host, urls["ann"], Authorization="ann").status == 201
