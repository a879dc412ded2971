"""A raw tus client that does exactly what a test says, one request at a time."""

import base64
import contextlib
import http.client
import json
import socket
import struct
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

TIMEOUT = 40.0
"""Seconds any single wait may take: longer than the server's own deadline."""

OFFSET_STREAM = "application/offset+octet-stream"
AS_TUSPY = {
    "User-Agent": "python-requests/2.34",
    "Upload-Offset": "0",
    "Content-Type": OFFSET_STREAM,
    "Tus-Resumable": "1.0.0",
}
"""Headers of a first PATCH by which the server knows tuspy, which goes on from a short 204."""
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
END_PHASES = frozenset({"ready", "failed", "rejected", "expired", "terminated"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def offset(self) -> int:
        """The answer's Upload-Offset. Raises KeyError without one."""
        return int(self.headers["upload-offset"])

    @property
    def code(self) -> str:
        """The code of a refusal: the text before the colon."""
        return self.body.decode().partition(":")[0].strip()

    def json(self) -> Any:
        return json.loads(self.body)


def request(
    method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
) -> Answer:
    """One request on a connection of its own. Only the headers given are sent, besides HTTP's."""
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT)
    try:
        connection.request(method, path or "/", body=body, headers=dict(headers or {}))
        answer = connection.getresponse()
        return Answer(
            status=answer.status,
            headers={name.lower(): value for name, value in answer.getheaders()},
            body=answer.read(),
        )
    finally:
        connection.close()


def create(
    files: str,
    length: int | None,
    *,
    metadata: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> Answer:
    """POST: `length` None defers it; a `body` makes it a creation with upload."""
    sent = {"Tus-Resumable": "1.0.0"}
    sent |= {"Upload-Defer-Length": "1"} if length is None else {"Upload-Length": str(length)}
    if metadata is not None:
        sent["Upload-Metadata"] = encode(metadata)
    if body is not None:
        sent["Content-Type"] = OFFSET_STREAM
    return request("POST", files, sent | dict(headers or {}), body)


def created(files: str, length: int | None, **metadata: str) -> str:
    """The URL of a new upload. Raises AssertionError when the server refuses."""
    answer = create(files, length, metadata=metadata or None)
    assert answer.status == 201, (answer.status, answer.body)
    return answer.headers["location"]


def patch(url: str, offset: int, data: bytes, headers: Mapping[str, str] | None = None) -> Answer:
    """PATCH `data` at `offset`."""
    return request("PATCH", url, _patch_headers(offset) | dict(headers or {}), data)


def head(url: str, headers: Mapping[str, str] | None = None) -> Answer:
    return request("HEAD", url, {"Tus-Resumable": "1.0.0"} | dict(headers or {}))


def delete(url: str) -> Answer:
    return request("DELETE", url, {"Tus-Resumable": "1.0.0"})


def upload(files: str, data: bytes, **metadata: str) -> str:
    """The URL of an upload sent whole, in one PATCH. Raises AssertionError."""
    url = created(files, len(data), **metadata)
    answer = patch(url, 0, data)
    assert answer.status == 204, (answer.status, answer.body)
    assert answer.offset == len(data)
    return url


def status_url(url: str) -> str:
    """The address of an upload's status: .../files/ID → .../uploads/ID."""
    root, _, id = url.rpartition("/files/")
    return f"{root}/uploads/{id}"


def status(url: str) -> Any:
    """The status JSON of an upload, given its tus URL. Raises AssertionError."""
    answer = request("GET", status_url(url))
    assert answer.status == 200, (answer.status, answer.body)
    return answer.json()


def outcome(url: str) -> Any:
    """Follow the upload's events until it is in an end phase; the last status seen."""
    root, _, id = status_url(url).rpartition("/")
    for event, data in events(f"{root}/events?ids={id}"):
        assert event != "gone", f"the server does not know {url}"
        if event == "upload" and data["phase"] in END_PHASES:
            return data
    raise AssertionError(f"the event stream of {url} ended before the upload did")


def events(url: str, last: str | None = None) -> Iterator[tuple[str, Any]]:
    """Server-sent events as (name, data), until the stream ends."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT)
    try:
        headers = {"Last-Event-ID": last} if last else {}
        connection.request("GET", f"{parts.path}?{parts.query}", headers=headers)
        answer = connection.getresponse()
        assert answer.status == 200, (answer.status, answer.read())
        name, data = "message", ""
        for raw in answer:
            field, _, value = raw.decode().rstrip("\r\n").partition(":")
            if field == "event":
                name = value.strip()
            elif field == "data":
                data += value.strip()
            elif not field and not value and data:
                yield name, json.loads(data)
                name, data = "message", ""
    finally:
        connection.close()


@contextlib.contextmanager
def open_patch(
    url: str,
    offset: int,
    promised: int,
    *,
    headers: Mapping[str, str] | None = None,
    sized: bool = True,
) -> Generator[socket.socket]:
    """A PATCH that is under way: the headers are sent, `promised` bytes are announced, and the
    body is the caller's to send on the raw socket (not `sized`: no length is announced). `headers`
    go first, in their order. Closed with a reset at the end."""
    parts = urlsplit(url)
    given = dict(headers or {})
    lines = {"Host": parts.netloc} | given | _patch_headers(offset)
    lines |= {"Content-Length": str(promised)} if sized else {}
    text = f"PATCH {parts.path} HTTP/1.1\r\n"
    text += "".join(f"{name}: {value}\r\n" for name, value in (lines | given).items())
    address = (parts.hostname or "", parts.port or 80)
    with socket.create_connection(address, timeout=TIMEOUT) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        sock.sendall(text.encode() + b"\r\n")
        yield sock


def cut_patch(url: str, offset: int, promised: int, data: bytes) -> None:
    """Announce `promised` bytes, send only `data`, and break the connection."""
    with open_patch(url, offset, promised) as sock:
        sock.sendall(data)


def read_answer(sock: socket.socket) -> Answer:
    """The answer on a raw socket, e.g. one that comes before the body is whole."""
    response = http.client.HTTPResponse(sock)
    response.begin()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(status=response.status, headers=headers, body=response.read())


def encode(metadata: Mapping[str, str]) -> str:
    """An Upload-Metadata value."""
    return ",".join(
        f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in metadata.items()
    )


def _patch_headers(offset: int) -> dict[str, str]:
    return {
        "Tus-Resumable": "1.0.0",
        "Content-Type": OFFSET_STREAM,
        "Upload-Offset": str(offset),
    }
