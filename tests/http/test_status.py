"""What stands beside tus: status, events, downloads, limits, health, the page."""

import hashlib
import threading
from pathlib import Path

import pytest

from support import photos, tus
from support.servers import Server, running_server

PHOTO = photos.jpeg(7, size=(1600, 1200))


@pytest.fixture(scope="module")
def ready(server: Server) -> str:
    """The URL of a photo that has been optimized."""
    url = tus.upload(server.files, PHOTO, filename='Fjörd "1".jpg', filetype="image/jpeg")
    assert tus.outcome(url)["phase"] == "ready"
    return url


def test_the_status_tells_the_whole_story(ready: str) -> None:
    told = tus.status(ready)
    assert told["phase"] == "ready"
    assert told["filename"] == 'Fjörd "1".jpg'
    assert (told["offset"], told["length"], told["progress"]) == (len(PHOTO), len(PHOTO), 1)
    assert told["original"]["sha256"] == hashlib.sha256(PHOTO).hexdigest()
    assert (told["original"]["width"], told["original"]["height"]) == (1600, 1200)
    assert [variant["name"] for variant in told["variants"]] == ["main", "thumbnail"]
    for variant in told["variants"]:
        assert 0 < variant["size"] < len(PHOTO)
        assert variant["saved"] == pytest.approx(1 - variant["size"] / len(PHOTO), abs=1e-4)


def test_originals_and_variants_can_be_downloaded(server: Server, ready: str) -> None:
    told = tus.status(ready)
    assert tus.request("GET", server.url + told["original"]["url"]).body == PHOTO
    for variant in told["variants"]:
        answer = tus.request("GET", server.url + variant["url"])
        assert answer.status == 200
        assert len(answer.body) == variant["size"]
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.headers["content-disposition"].startswith("inline")
    attached = tus.request("GET", server.url + told["original"]["url"] + "?download=1")
    assert attached.headers["content-disposition"].startswith("attachment")
    assert "filename*=UTF-8''Fj%C3%B6rd%20%221%22.jpg" in attached.headers["content-disposition"]


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=5-", 5, len(PHOTO)),
        ("bytes=-5", len(PHOTO) - 5, len(PHOTO)),
        ("bytes=100-99999999", 100, len(PHOTO)),
    ],
)
def test_a_part_can_be_downloaded(ready: str, asked: str, start: int, stop: int) -> None:
    answer = tus.request("GET", ready, {"Range": asked})
    assert answer.status == 206
    assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/{len(PHOTO)}"
    assert answer.body == PHOTO[start:stop]


def test_a_range_that_cannot_be_met_is_refused_and_an_odd_one_ignored(ready: str) -> None:
    assert tus.request("GET", ready, {"Range": f"bytes={len(PHOTO)}-"}).status == 416
    for odd in ("bytes=5-2", "lines=1-2", "bytes=0-1,4-5", "bytes=-"):
        assert tus.request("GET", ready, {"Range": odd}).status == 200


def test_what_a_browser_has_is_not_sent_again(ready: str) -> None:
    etag = tus.request("GET", ready).headers["etag"]
    assert tus.request("GET", ready, {"If-None-Match": etag}).status == 304
    stale = {"Range": "bytes=0-0", "If-Range": '"other"'}
    assert tus.request("GET", ready, stale).status == 200


def test_an_unfinished_upload_cannot_be_downloaded(files: str) -> None:
    url = tus.created(files, 10)
    assert tus.request("GET", url).status == 405
    assert tus.status(url)["original"] is None


def test_what_is_no_picture_is_stored_and_offered_as_a_file(files: str) -> None:
    url = tus.upload(files, b"<script>alert(1)</script>", filename="a.html", filetype="text/html")
    told = tus.outcome(url)
    assert (told["phase"], told["variants"]) == ("ready", [])
    answer = tus.request("GET", url)
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_an_unknown_upload_has_a_problem_as_its_status(files: str) -> None:
    answer = tus.request("GET", tus.status_url(f"{files}/{'n' * 22}"))
    assert answer.status == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "unknown-upload"


def test_metadata_cannot_inject_a_header(files: str) -> None:
    url = tus.upload(files, b"x", filename="a\r\nX-Evil: y\u2028.txt")
    answer = tus.request("GET", url)
    assert answer.status == 200
    assert "x-evil" not in answer.headers


# --- events ------------------------------------------------------------------------------------


def test_events_tell_each_step_and_end_when_everything_has_ended(files: str) -> None:
    url = tus.created(files, len(PHOTO))
    id = url.rpartition("/")[2]
    events = tus.events(f"{tus.status_url(url).rpartition('/')[0]}/events?ids={id}")
    name, first = next(events)
    assert (name, first["phase"], first["offset"]) == ("upload", "receiving", 0)
    sending = threading.Thread(target=tus.patch, args=(url, 0, PHOTO))
    sending.start()
    told = list(events)
    sending.join()
    assert told[-1] == ("end", {})
    assert told[-2][1]["phase"] == "ready"
    versions = [data["version"] for name, data in told[:-1]]
    assert versions == sorted(set(versions))


def test_one_stream_follows_a_batch_and_names_what_is_unknown(files: str, ready: str) -> None:
    one, base = ready.rpartition("/")[2], tus.status_url(ready).rpartition("/")[0]
    told = list(tus.events(f"{base}/events?ids={one},{'n' * 22}"))
    assert {(name, data.get("id")) for name, data in told} == {
        ("upload", one),
        ("gone", "n" * 22),
        ("end", None),
    }


def test_a_stream_that_reconnects_is_not_told_what_it_knows(ready: str) -> None:
    told = tus.status(ready)
    base = tus.status_url(ready).rpartition("/")[0]
    seen = f"{told['id']}:{told['version']}"
    assert list(tus.events(f"{base}/events?ids={told['id']}", last=seen)) == [("end", {})]


@pytest.mark.parametrize("ids", ["", ",", ",".join(f"{n:022}" for n in range(101))])
def test_a_stream_follows_a_bounded_number_of_uploads(server: Server, ids: str) -> None:
    refused = tus.request("GET", f"{server.url}/uploads/events?ids={ids}")
    assert (refused.status, refused.json()["code"]) == (400, "bad-ids")
    assert "give 1 to 100 ids" in refused.json()["detail"]


def test_a_stream_of_something_that_is_no_id_is_told_what_one_is(server: Server) -> None:
    refused = tus.request("GET", f"{server.url}/uploads/events?ids={'n' * 22},short")
    assert (refused.status, refused.json()["code"]) == (400, "bad-ids")
    assert "last part of an upload's URL" in refused.json()["detail"]


# --- limits, health, the page ------------------------------------------------------------------


def test_the_limits_are_told(server: Server) -> None:
    told = tus.request("GET", f"{server.url}/config").json()
    assert told["max_size"] == 1_000_000
    assert told["types"] == ["*"]
    assert told["request_deadline"] == 2
    assert told["chunks"]["min"] <= told["chunks"]["start"] <= told["chunks"]["max"]


def test_the_server_says_that_it_lives_and_is_ready(server: Server) -> None:
    assert tus.request("GET", f"{server.url}/healthz").status == 200
    assert tus.request("GET", f"{server.url}/readyz").json()["ready"]


def test_the_page_and_its_assets_are_served(server: Server) -> None:
    page = tus.request("GET", f"{server.url}/")
    assert page.status == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'self'" in page.headers["content-security-policy"]
    scripts = [part.partition('"')[0] for part in page.body.decode().split('src="')[1:]]
    assert scripts
    for script in scripts:
        answer = tus.request("GET", f"{server.url}/{script.lstrip('./')}")
        assert answer.status == 200
        assert "immutable" in answer.headers["cache-control"]
    assert tus.request("GET", f"{server.url}/assets/nothing.js").status == 404


# --- what is refused by content ----------------------------------------------------------------


def test_content_that_is_not_accepted_is_refused_with_its_last_bytes(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        url = tus.created(server.files, 5)
        answer = tus.patch(url, 0, b"hello")
        assert (answer.status, answer.code) == (422, "content-not-accepted")
        told = tus.status(url)
        assert (told["phase"], told["reason"]["code"]) == ("rejected", "content-not-accepted")
        assert tus.head(url).status == 422
        typed = tus.create(server.files, 5, metadata={"filetype": "text/plain"})
        assert (typed.status, typed.code) == (415, "type-not-accepted")


# --- what a page on another origin may ask -----------------------------------------------------


@pytest.mark.parametrize("path", ["uploads/x", "uploads/x/main", "uploads/events?ids=x", "config"])
def test_everything_beside_tus_answers_a_preflight(server: Server, path: str) -> None:
    asked = {"Origin": "https://a.example", "Access-Control-Request-Method": "GET"}
    answer = tus.request("OPTIONS", f"{server.url}/{path}", asked)
    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "authorization" in answer.headers["access-control-allow-headers"].lower()


@pytest.mark.parametrize("asked", [f"bytes={'9' * 5000}-", f"bytes=-{'9' * 5000}"])
def test_an_absurd_range_is_no_fault_of_the_server(ready: str, asked: str) -> None:
    assert tus.request("GET", ready, {"Range": asked}).status in (200, 416)


def test_a_download_from_an_upload_url_is_a_tus_answer(ready: str, files: str) -> None:
    answer = tus.request("GET", ready)
    assert answer.headers["tus-resumable"] == "1.0.0"
    assert tus.request("GET", ready, {"Tus-Resumable": "0.2.2"}).status == 412
    id = ready.rpartition("/")[2]
    assert tus.request("GET", f"{files}/any/thing/{id}").status == 404
    assert tus.request("GET", files).status == 405


def test_an_original_that_is_gone_is_not_found(server: Server, files: str) -> None:
    url = tus.upload(files, b"here today")
    assert tus.outcome(url)["phase"] == "ready"
    (path,) = (server.data / "originals").rglob(url.rpartition("/")[2])
    path.unlink()
    assert tus.request("GET", url).status == 404


def test_a_rejected_upload_can_be_removed(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        url = tus.created(server.files, 5)
        assert tus.patch(url, 0, b"hello").status == 422
        assert tus.delete(url).status == 204
        assert tus.head(url).status == 404
