"""Concatenation, row by row of the protocol: partial uploads, final ones, and what may go wrong."""

import hashlib
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from support import photos, tus
from support.servers import Server, running_server
from support.tus import Answer

APP = Path(__file__).parents[1] / "support" / "embedded_app.py"
VERSION = {"Tus-Resumable": "1.0.0"}
PARTIAL = {"Upload-Concat": "partial"}
NOBODY = "0" * 32


def partial(files: str, data: bytes, *, length: int | None = -1, **metadata: str) -> str:
    """The URL of a partial upload that holds `data` (`length` -1: and no more)."""
    size = len(data) if length == -1 else length
    answer = tus.create(files, size, metadata=metadata or None, headers=PARTIAL)
    assert answer.status == 201, answer.body
    url = answer.headers["location"]
    if data:
        assert tus.patch(url, 0, data).status == 204
    return url


def post_final(files: str, *urls: str, **headers: str) -> Answer:
    """POST a final upload of these members."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    value = "final;" + " ".join(urls)
    return tus.request("POST", files, VERSION | {"Upload-Concat": value} | named)


def final(files: str, *urls: str, **headers: str) -> str:
    """The URL of a new final upload. Raises AssertionError when the server refuses."""
    answer = post_final(files, *urls, **headers)
    assert answer.status == 201, answer.body
    return answer.headers["location"]


def content(url: str) -> bytes:
    """The bytes of an upload once it is finished."""
    assert tus.outcome(url)["phase"] == "ready"
    return tus.request("GET", url).body


def listed(server: Server) -> set[str]:
    """Names of all files that hold bytes of uploads."""
    return {path.name for path in server.data.rglob("*/*/*") if path.is_file()}


@pytest.fixture(scope="module")
def brief(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    """A server on which unfinished uploads live a second, and only photos are taken."""
    folder = tmp_path_factory.mktemp("brief")
    with running_server(folder, expires=1, sweep_every=0.2) as running:
        yield running


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """Where uploads are created below a mount and a prefix, by people with names."""
    folder = tmp_path_factory.mktemp("host")
    with running_server(folder, program=(sys.executable, str(APP))) as running:
        yield f"{running.url}/site/media/files"


# --- what is announced, what a partial upload is -----------------------------------------------


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


# --- what a final upload is --------------------------------------------------------------------


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


def test_a_length_that_turns_out_too_large_rejects_the_final_upload(files: str) -> None:
    """CAT-04"""
    half = partial(files, b"x" * 600_000)
    other = partial(files, b"", length=None)
    url = final(files, half, other)
    tus.patch(other, 0, b"", {"Upload-Length": "600000"})
    answer = tus.head(url)
    assert answer.status == 422
    assert tus.status(url)["reason"]["code"] == "concat-too-large"


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


# --- before the members are complete -----------------------------------------------------------


def test_a_final_upload_can_come_before_its_members_bytes(files: str) -> None:
    """CAT-10"""
    a, b = partial(files, b"", length=3), partial(files, b"", length=2)
    answer = post_final(files, a, b, a)
    assert answer.status == 201
    assert "upload-offset" not in answer.headers
    url = answer.headers["location"]
    assert tus.patch(b, 0, b"bb").status == 204
    assert tus.patch(a, 0, b"aa").status == 204
    assert tus.status(url)["phase"] == "receiving"
    assert tus.patch(a, 2, b"a").status == 204
    assert tus.head(url).offset == 8
    assert content(url) == b"aaabbaaa"


def test_the_head_of_a_pending_final_upload_has_no_offset(files: str) -> None:
    """CAT-14"""
    url = final(files, partial(files, b"1", length=3))
    told = tus.head(url)
    assert told.status == 200
    assert "upload-offset" not in told.headers
    assert "upload-expires" not in told.headers
    assert told.headers["cache-control"] == "no-store"
    download = tus.request("GET", url)
    assert (download.status, download.code) == (405, "not-finished")
    assert tus.status(url)["concat"] == {"kind": "final", "members": 1}


def test_the_length_of_a_pending_final_upload_is_told_once_it_is_known(files: str) -> None:
    """CAT-17"""
    sized, deferred = partial(files, b"1", length=3), partial(files, b"1", length=None)
    assert tus.head(final(files, sized, sized)).headers["upload-length"] == "6"
    url = final(files, sized, deferred)
    told = tus.head(url)
    assert "upload-length" not in told.headers
    assert told.headers["upload-defer-length"] == "1"
    assert tus.patch(deferred, 1, b"", {"Upload-Length": "4"}).status == 204
    told = tus.head(url)
    assert told.headers["upload-length"] == "7"
    assert not {"upload-defer-length", "upload-offset"} & told.headers.keys()


def test_metadata_of_members_is_not_carried_over(files: str) -> None:
    """CAT-11"""
    member = partial(files, b"x", filename="part.bin")
    bare = final(files, member)
    own = final(files, member, Upload_Metadata=tus.encode({"filename": "whole.bin"}))
    assert "upload-metadata" not in tus.head(bare).headers
    assert tus.head(own).headers["upload-metadata"] == tus.encode({"filename": "whole.bin"})
    assert tus.status(own)["filename"] == "whole.bin"


def test_a_member_can_be_used_several_times_and_stays(files: str) -> None:
    """CAT-12, X-10"""
    a, b = partial(files, b"aa"), partial(files, b"b")
    first, second = final(files, a, a, b), final(files, b, a)
    assert content(first) == b"aaaab"
    assert content(second) == b"baa"
    assert (tus.head(a).offset, tus.head(b).offset) == (2, 1)


@pytest.mark.parametrize("finished", [True, False])
def test_a_final_upload_takes_no_patch_whatever_it_says(files: str, finished: bool) -> None:
    """CAT-13"""
    member = partial(files, b"12345", length=5 if finished else 9)
    url = final(files, member)
    for offset in (0, 5, 99):
        for data in (b"", b"xxxxx"):
            answer = tus.patch(url, offset, data)
            assert (answer.status, answer.code) == (403, "final-upload")
    for bad in ({"Upload-Offset": "x"}, {"Content-Type": "text/plain"}, {"Upload-Length": "1"}):
        assert tus.patch(url, 0, b"x", bad).code == "final-upload"
    assert tus.request("PATCH", f"{files}/{NOBODY}", VERSION).status == 404
    if not finished:
        tus.patch(member, 5, b"6789")
    assert content(url) == (b"12345" if finished else b"123456789")


def test_the_header_is_told_as_it_was_received(files: str) -> None:
    """CAT-18, CAT-19"""
    a = partial(files, b"a")
    id = a.rpartition("/")[2]
    value = f"final;  ./{id}   https://other.example/files/{id}?x=%20  /files/{id}"
    answer = tus.request("POST", files, VERSION | {"Upload-Concat": value})
    assert tus.head(answer.headers["location"]).headers["upload-concat"] == value
    assert tus.head(a).headers["upload-concat"] == "partial"
    assert "upload-concat" not in tus.head(tus.created(files, 1)).headers


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


def test_the_timeline_tells_what_an_upload_is_a_part_of(server: Server) -> None:
    member = partial(server.files, b"x")
    for url, told in ((member, "partial upload"), (final(server.files, member), "final upload")):
        command = [sys.executable, "-m", "tusline", "show", url, "--data", str(server.data)]
        shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert told in shown


# --- members that go away ----------------------------------------------------------------------


def test_without_a_member_a_pending_final_upload_is_gone_for_good(files: str) -> None:
    """TRM-04"""
    a, b = partial(files, b"a"), partial(files, b"b", length=2)
    url = final(files, a, b)
    assert tus.delete(b).status == 204
    assert tus.head(url).status == 410
    assert tus.status(url)["phase"] == "expired"
    assert tus.patch(url, 0, b"").status == 410
    assert tus.head(a).offset == 1


def test_an_expired_member_takes_its_pending_final_upload_along(brief: Server) -> None:
    """CAT-22"""
    a, b = partial(brief.files, b"a"), partial(brief.files, b"b", length=2)
    url = final(brief.files, a, b)
    assert tus.head(url).status == 200
    assert tus.outcome(b)["phase"] == "expired"
    assert tus.head(url).status == 410
    assert tus.head(b).status == 410


def test_a_complete_partial_upload_outlives_a_short_expiry(brief: Server) -> None:
    """X-10"""
    whole, rest = partial(brief.files, b"a"), partial(brief.files, b"", length=2)
    empty = partial(brief.files, b"")
    assert tus.outcome(rest)["phase"] == "expired"
    assert (tus.head(whole).offset, tus.head(empty).offset) == (1, 0)
    answer = post_final(brief.files, whole, rest)
    assert (answer.status, answer.code) == (400, "unknown-member")


def test_deleting_a_final_upload_leaves_its_members(server: Server) -> None:
    member = partial(server.files, b"x", length=2)
    url = final(server.files, member)
    assert tus.delete(url).status == 204
    assert tus.head(url).status == 404
    assert tus.patch(member, 1, b"y").status == 204
    assert content(final(server.files, member)) == b"xy"


# --- the content -------------------------------------------------------------------------------


def test_pieces_of_a_photo_make_a_photo(brief: Server) -> None:
    """CAT-03, CAT-10: the pieces' types do not count, the final upload's does"""
    photo = photos.jpeg(6, size=(640, 480))
    cuts = [photo[:1], photo[1:40], photo[40:5000], photo[5000:]]
    members = [partial(brief.files, cut, filetype="text/plain") for cut in cuts]
    url = final(brief.files, *members, Upload_Metadata=tus.encode({"filetype": "image/jpeg"}))
    told = tus.outcome(url)
    assert (told["phase"], len(told["variants"])) == ("ready", 2)
    assert told["original"]["sha256"] == hashlib.sha256(photo).hexdigest()


def test_a_final_upload_of_another_type_is_refused(brief: Server) -> None:
    member = partial(brief.files, b"just text")
    answer = post_final(brief.files, member)
    assert (answer.status, answer.code) == (422, "content-not-accepted")
    declared = post_final(
        brief.files, member, Upload_Metadata=tus.encode({"filetype": "text/plain"})
    )
    assert (declared.status, declared.code) == (415, "type-not-accepted")
