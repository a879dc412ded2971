"""HEAD: always the offset, never a length of its own, never kept by a cache."""

from pathlib import Path

import pytest

from support import tus
from support.servers import running_server


def test_head_tells_the_offset_from_the_first_byte_to_the_last(files: str) -> None:
    url = tus.created(files, 10)
    for offset, data in ((0, b"12345"), (5, b"67890"), (10, b"")):
        answer = tus.head(url)
        assert (answer.status, answer.offset) == (200, offset)
        assert answer.headers["upload-length"] == "10"
        assert answer.body == b""
        assert answer.headers.get("content-length", "0") == "0"
        assert tus.patch(url, offset, data).status == 204


@pytest.mark.parametrize("headers", [{}, {"Tus-Resumable": "1.0.0"}])
def test_no_answer_to_head_is_kept_by_a_cache(files: str, headers: dict[str, str]) -> None:
    url = tus.created(files, 10)
    for address in (url, f"{files}/{'n' * 32}", f"{files}/x"):
        answer = tus.request("HEAD", address, headers)
        assert answer.headers["cache-control"] == "no-store"


def test_head_of_what_was_refused_tells_why_and_no_offset(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        url = tus.created(server.files, 5)
        refused = tus.patch(url, 0, b"hello")
        answer = tus.head(url)
    assert (refused.status, answer.status) == (422, 422)
    assert "upload-expires" not in refused.headers
    assert "upload-offset" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"
