"""The bounds of `Upload-Concat`: members of a final upload, and bytes of the header."""

from pathlib import Path

import pytest

from support import tus
from support.parts import content, partial, post_final
from support.servers import Server
from tusline.concat import HEADER_BYTES, MEMBERS


def stored(server: Server) -> set[Path]:
    """All files that hold bytes of uploads."""
    return {path for path in server.data.rglob("*/*/*") if path.is_file()}


def longest(url: str) -> list[str]:
    """Spellings of a member's URL that make a header of the greatest length allowed."""
    few = MEMBERS // 2
    room = HEADER_BYTES - len("final;") - (few - 1)
    each, rest = divmod(room, few)
    return [f"{url}?".ljust(each + (number < rest), "x") for number in range(few)]


def test_as_many_members_as_allowed_are_joined(server: Server) -> None:
    url = partial(server.files, b"x")
    answer = post_final(server.files, *[url] * MEMBERS)
    assert (answer.status, answer.offset) == (201, MEMBERS)
    assert content(answer.headers["location"]) == b"x" * MEMBERS


def test_the_longest_header_allowed_is_taken_and_echoed(server: Server) -> None:
    urls = longest(partial(server.files, b"x"))
    answer = post_final(server.files, *urls)
    assert (answer.status, answer.offset) == (201, len(urls))
    echoed = tus.head(answer.headers["location"]).headers["upload-concat"]
    assert echoed == "final;" + " ".join(urls)
    assert len(echoed) == HEADER_BYTES


@pytest.mark.parametrize("bound", ["members", "bytes"])
def test_one_more_is_refused_and_nothing_is_made(server: Server, bound: str) -> None:
    url = partial(server.files, b"x")
    urls = [*longest(url)[:-1], longest(url)[-1] + "x"]
    if bound == "members":
        urls = [url] * (MEMBERS + 1)
    before = stored(server)
    answer = post_final(server.files, *urls)
    assert (answer.status, answer.code) == (400, "too-many-members")
    assert "location" not in answer.headers
    assert stored(server) == before
