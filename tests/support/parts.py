"""Partial and final uploads over HTTP, one request at a time."""

from support import tus
from support.tus import Answer

PARTIAL = {"Upload-Concat": "partial"}


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
    return tus.request("POST", files, {"Tus-Resumable": "1.0.0", "Upload-Concat": value} | named)


def final(files: str, *urls: str, **headers: str) -> str:
    """The URL of a new final upload. Raises AssertionError when the server refuses."""
    answer = post_final(files, *urls, **headers)
    assert answer.status == 201, answer.body
    return answer.headers["location"]


def content(url: str) -> bytes:
    """The bytes of an upload once it is finished."""
    assert tus.outcome(url)["phase"] == "ready"
    return tus.request("GET", url).body
