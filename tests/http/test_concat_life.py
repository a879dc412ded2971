"""Final uploads that wait for members, what is told of them, and members that go away."""

import hashlib
import subprocess
import sys
from collections.abc import Generator

import pytest

from support import photos, tus
from support.parts import content, final, partial, post_final
from support.servers import Server, running_server

VERSION = {"Tus-Resumable": "1.0.0"}
NOBODY = "0" * 32


@pytest.fixture(scope="module")
def brief(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    """A server on which unfinished uploads live a second, and only photos are taken."""
    folder = tmp_path_factory.mktemp("brief")
    with running_server(folder, expires=1, sweep_every=0.2) as running:
        yield running


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


def test_a_length_that_turns_out_too_large_rejects_the_final_upload(files: str) -> None:
    """CAT-04"""
    half = partial(files, b"x" * 600_000)
    other = partial(files, b"", length=None)
    url = final(files, half, other)
    tus.patch(other, 0, b"", {"Upload-Length": "600000"})
    answer = tus.head(url)
    assert answer.status == 422
    assert tus.status(url)["reason"]["code"] == "concat-too-large"


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


# --- what is told ------------------------------------------------------------------------------


def test_metadata_of_members_is_not_carried_over(files: str) -> None:
    """CAT-11"""
    member = partial(files, b"x", filename="part.bin")
    bare = final(files, member)
    own = final(files, member, Upload_Metadata=tus.encode({"filename": "whole.bin"}))
    assert "upload-metadata" not in tus.head(bare).headers
    assert tus.head(own).headers["upload-metadata"] == tus.encode({"filename": "whole.bin"})
    assert tus.status(own)["filename"] == "whole.bin"


def test_the_header_is_told_as_it_was_received(files: str) -> None:
    """CAT-18, CAT-19"""
    a = partial(files, b"a")
    id = a.rpartition("/")[2]
    value = f"final;  ./{id}   https://other.example/files/{id}?x=%20  /files/{id}"
    answer = tus.request("POST", files, VERSION | {"Upload-Concat": value})
    assert tus.head(answer.headers["location"]).headers["upload-concat"] == value
    assert tus.head(a).headers["upload-concat"] == "partial"
    assert "upload-concat" not in tus.head(tus.created(files, 1)).headers


def test_the_timeline_tells_what_an_upload_is_a_part_of(server: Server) -> None:
    member = partial(server.files, b"x")
    for url, told in ((member, "partial upload"), (final(server.files, member), "final upload")):
        command = [sys.executable, "-m", "tusline", "show", url, "--data", str(server.data)]
        shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert told in shown


# --- members -----------------------------------------------------------------------------------


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


def test_a_member_can_be_used_several_times_and_stays(files: str) -> None:
    """CAT-12, X-10"""
    a, b = partial(files, b"aa"), partial(files, b"b")
    first, second = final(files, a, a, b), final(files, b, a)
    assert content(first) == b"aaaab"
    assert content(second) == b"baa"
    assert (tus.head(a).offset, tus.head(b).offset) == (2, 1)


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
