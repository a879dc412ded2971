"""Requests on a kept-alive connection: each has a time limit, and can be stopped."""

import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO
from urllib.parse import urljoin

import requests
import urllib3

from tusline.uploader.patience import Stopped
from tusline.uploader.verdict import LineLost, Refused

STILL_SECONDS = 10.0
"""Seconds a connection may take to come about, or to take the next slice of a body."""

ASK_SECONDS = 20.0
"""Seconds a request without a body may take: the server may wait for its records (15 s)."""

SLICE = 16 * 1024
"""Bytes given to the connection at a time; between two slices we look at the clock."""

ANSWER_BYTES = 256 * 1024
"""Bytes of an answer that are read at most."""


class SourceChanged(Exception):
    """The local file is not what it was any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Body:
    """The next `size` bytes of a file, slice by slice, until the time is over or we stop."""

    def __init__(self, stream: BinaryIO, size: int, seconds: float, stop: threading.Event) -> None:
        self._stream = stream
        self._size = size
        self._ends = time.monotonic() + seconds
        self._stop = stop

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        left = self._size
        while left:
            if self._stop.is_set():
                raise Stopped
            if time.monotonic() > self._ends:
                raise LineLost("line too slow")
            data = self._read(min(SLICE, left))
            left -= len(data)
            yield data

    def _read(self, size: int) -> bytes:
        try:
            data = self._stream.read(size)
        except OSError as error:  # as an OSError it would be taken for the connection's
            raise SourceChanged(f"the file cannot be read: {error.strerror}") from error
        if not data:
            raise SourceChanged("the file became shorter while it was sent")
        return data


class Connection:
    """Requests of one thread, on a connection that is kept alive. Nothing is retried here.

    `headers` go with each of them, a token for example.
    """

    def __init__(self, stop: threading.Event, headers: Iterable[tuple[str, str]] = ()) -> None:
        self.stop = stop
        self._session = requests.Session()
        self._session.headers.update(headers)

    def close(self) -> None:
        self._session.close()

    def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: Body | None = None,
        seconds: float = ASK_SECONDS,
    ) -> Answer:
        """One request and its answer, whatever its status, within `seconds`.

        Raises LineLost; Refused when no try could succeed; from the body Stopped, SourceChanged.
        """
        limit = urllib3.Timeout(connect=STILL_SECONDS, total=seconds)
        try:
            with self._session.request(
                method,
                url,
                headers=dict(headers or {}),
                data=body,
                timeout=limit,  # type: ignore[arg-type]  # requests takes urllib3's Timeout too
                allow_redirects=False,
                stream=True,
            ) as answer:
                said = answer.raw.read(ANSWER_BYTES, decode_content=True)
        except (requests.Timeout, urllib3.exceptions.TimeoutError) as error:
            raise LineLost("no answer") from error
        except requests.exceptions.SSLError as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise Refused(0, f"the server's certificate is not trusted: {error}") from error
            raise LineLost("line lost") from error
        except (requests.ConnectionError, urllib3.exceptions.HTTPError) as error:
            raise LineLost(_what_broke(error)) from error
        except requests.RequestException as error:
            raise Refused(0, str(error)) from error
        names = {name.lower(): value for name, value in answer.headers.items()}
        return Answer(status=answer.status_code, headers=names, body=said)


def resolved(base: str, url: str) -> str:
    """An address that a server told, relative to another. Raises Refused if nobody can read it."""
    try:
        return urljoin(base, url)
    except ValueError as error:
        raise Refused(0, "the server named an address that is none") from error


def _what_broke(error: Exception) -> str:
    retried = error.args[0] if error.args else None
    refused = isinstance(getattr(retried, "reason", None), urllib3.exceptions.NewConnectionError)
    return "server out of reach" if refused else "line lost"
