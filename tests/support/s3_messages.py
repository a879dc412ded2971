"""HTTP messages of S3 on a connection: heads and their operations, bodies that are passed on."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

BLOCK = 64 * 1024
NO_BODY = (204, 304)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """First line and headers of a message, as they came and read."""

    raw: bytes
    first: tuple[str, ...]
    headers: dict[str, str]

    @property
    def status(self) -> int:
        """Of a response."""
        return int(self.first[1])

    @property
    def lasts(self) -> bool:
        """Whether the connection lives on."""
        if self.headers.get("connection", "").lower() == "close":
            return False
        framed = "content-length" in self.headers or "transfer-encoding" in self.headers
        response = self.first[0].startswith("HTTP/")
        return not response or (self.first[0] == "HTTP/1.1" and (framed or self.status in NO_BODY))


async def read_head(reader: asyncio.StreamReader) -> Head | None:
    """The next message's head; None when there is none."""
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    first, *lines = raw.decode("latin-1").split("\r\n")
    headers = {}
    for line in filter(None, lines):
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return Head(raw=raw, first=tuple(first.split(" ", 2)), headers=headers)


async def body(
    reader: asyncio.StreamReader, head: Head, *, to_the_end: bool = False
) -> AsyncIterator[bytes]:
    """A message's body, framing included. `to_the_end`: without a length it ends with the
    connection, as a response's."""
    if head.headers.get("transfer-encoding", "").lower() == "chunked":
        async for block in _chunked(reader):
            yield block
    elif "content-length" in head.headers:
        async for block in _exactly(reader, int(head.headers["content-length"])):
            yield block
    elif to_the_end:
        while block := await reader.read(BLOCK):
            yield block


async def _exactly(reader: asyncio.StreamReader, size: int) -> AsyncIterator[bytes]:
    while size:
        block = await reader.read(min(BLOCK, size))
        if not block:
            raise ConnectionResetError("the body broke off")
        size -= len(block)
        yield block


async def _chunked(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while True:
        line = await reader.readuntil(b"\r\n")
        yield line
        if not (size := int(line.split(b";")[0], 16)):
            break
        async for block in _exactly(reader, size + 2):
            yield block
    while (line := await reader.readuntil(b"\r\n")) != b"\r\n":
        yield line
    yield line


@dataclass(slots=True, kw_only=True)
class Call:
    """One request to a bucket, the number of its part (0: none), and what became of it: bytes of
    the bodies that passed, and the status that the client was answered (0: none)."""

    operation: str
    key: str
    part: int
    headers: dict[str, str]
    sent: int = 0
    received: int = 0
    status: int = 0


ON_KEYS = {
    ("PUT", "partNumber"): "UploadPart",
    ("GET", "uploadId"): "ListParts",
    ("DELETE", "uploadId"): "AbortMultipartUpload",
    ("POST", "uploads"): "CreateMultipartUpload",
    ("POST", "uploadId"): "CompleteMultipartUpload",
    ("PUT", ""): "PutObject",
    ("GET", ""): "GetObject",
    ("HEAD", ""): "HeadObject",
    ("DELETE", ""): "DeleteObject",
}
ON_BUCKETS = {
    ("GET", "uploads"): "ListMultipartUploads",
    ("GET", "list-type"): "ListObjectsV2",
    ("POST", "delete"): "DeleteObjects",
    ("PUT", ""): "CreateBucket",
    ("HEAD", ""): "HeadBucket",
}


def call_of(head: Head) -> Call:
    """Which operation a request asks for, by S3's name of it; buckets are named in the path."""
    method, target, _ = head.first
    url = urlsplit(target)
    query = parse_qs(url.query, keep_blank_values=True)
    key = unquote(url.path.lstrip("/").partition("/")[2])
    known = ON_KEYS if key else ON_BUCKETS
    operation = next(
        (
            name
            for (verb, word), name in known.items()
            if verb == method and (not word or word in query)
        ),
        f"{method} {url.query}",
    )
    if "x-amz-copy-source" in head.headers:
        operation = {"PutObject": "CopyObject", "UploadPart": "UploadPartCopy"}[operation]
    part = int(query.get("partNumber", ["0"])[0])
    return Call(operation=operation, key=key, part=part, headers=head.headers)
