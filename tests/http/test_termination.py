"""DELETE: what is gone, and for whom."""

from support import tus

VERSION = {"Tus-Resumable": "1.0.0"}


def test_a_body_of_a_delete_is_ignored(files: str) -> None:
    for headers, body in (({"Content-Length": "0"}, None), ({}, b"please")):
        url = tus.created(files, 5)
        answer = tus.request("DELETE", url, VERSION | headers, body)
        assert (answer.status, answer.body) == (204, b"")
        assert tus.head(url).status == 404


def test_what_was_terminated_is_found_by_no_method(files: str) -> None:
    url = tus.upload(files, b"12345")
    assert tus.delete(url).status == 204
    for answer in (
        tus.head(url),
        tus.patch(url, 5, b""),
        tus.delete(url),
        tus.request("GET", url),
        tus.request("GET", f"{tus.status_url(url)}/original"),
    ):
        assert answer.status == 404
        assert "upload-offset" not in answer.headers
