"""Bytes of an object: all at once, as a stream that survives broken connections, into a file."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from tusline.storage.s3.attempts import Attempts
from tusline.storage.s3.body import Limit

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from types_boto3_s3.client import S3Client

PIECE = 256 * 1024
"""Bytes of a stream that are read at a time."""

LARGE_PIECE = 1024 * 1024
"""Bytes that are moved into a file at a time."""

SMALL = 64 * 1024 * 1024
"""Bytes of the largest object that may be read at once."""

BEYOND_THE_END = "InvalidRange"


class Reader:
    """Bytes [start, stop) of one object, or what there is of them, by as many connections as it
    takes; each one in a thread, and one after the other."""

    def __init__(self, named: dict[str, Any], start: int, stop: int | None) -> None:
        self._named = named
        self._at = start
        self._stop = stop
        self._etag: str | None = None
        self._body: StreamingBody | None = None
        self._left: int | None = None

    def piece(self, size: int, client: "S3Client", limit: Limit) -> bytes:
        """The next bytes; none at the end. After an error the next call goes on behind the last
        bytes that came."""
        limit.check()
        try:
            if self._body is None and self._left != 0:
                self._open(client)
            if self._body is None or self._left == 0:
                return b""
            data: bytes = self._body.read(min(size, self._left or size))
        except BaseException:
            self.close()
            raise
        self._at += len(data)
        self._left = self._left and self._left - len(data)
        return data

    def all(self, client: "S3Client", limit: Limit) -> bytes:
        """What is left. Raises ValueError when that is too much to be held."""
        pieces: list[bytes] = []
        while piece := self.piece(PIECE, client, limit):
            pieces.append(piece)
            if len(pieces) * PIECE > SMALL:
                raise ValueError("the object is too large to be read at once")
        return b"".join(pieces)

    def into(self, file: IO[bytes], client: "S3Client", limit: Limit) -> int:
        """Append the next bytes to a file: how many."""
        return file.write(self.piece(LARGE_PIECE, client, limit))

    def close(self) -> None:
        """Waits for a `piece` in another thread."""
        body, self._body = self._body, None
        if body is not None:
            body.close()

    def _open(self, client: "S3Client") -> None:
        try:
            answer = client.get_object(**self._named, **self._asked())
        except client.exceptions.ClientError as error:
            if error.response["Error"].get("Code") != BEYOND_THE_END:
                raise
            self._left = 0
            return
        self._etag = answer["ETag"]
        self._left = answer["ContentLength"]
        self._body = answer["Body"]

    def _asked(self) -> dict[str, Any]:
        last = "" if self._stop is None else str(self._stop - 1)
        whole = not self._at and not last  # an empty object has no range
        asked = {} if whole else {"Range": f"bytes={self._at}-{last}"}
        return asked | ({"IfMatch": self._etag} if self._etag else {})


async def stream(attempts: Attempts, reader: Reader) -> AsyncIterator[bytes]:
    """The reader's bytes in pieces."""
    try:
        while piece := await attempts.call("GetObject", partial(reader.piece, PIECE)):
            yield piece
    finally:
        attempts.later(reader.close)


async def download(attempts: Attempts, reader: Reader, path: Path) -> int:
    """Write the reader's bytes into a new file: its size."""
    size = 0
    file: IO[bytes] = await attempts.aside(partial(_new_file, path))
    try:
        while count := await attempts.call("GetObject", partial(reader.into, file)):
            size += count
    finally:
        attempts.later(reader.close)
        await attempts.aside(file.close)
    return size


def _new_file(path: Path) -> IO[bytes]:
    return path.open("wb")
