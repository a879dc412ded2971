"""What to do after an answer that was not the one hoped for: a pure decision by its status."""

import json
from collections.abc import Mapping
from enum import Enum

from tusline.uploader.words import printable

WORDS = 300
"""Characters of a server's message that are shown at most."""

AGAIN = frozenset({408, 409, 423, 425, 429})
GONE = frozenset({404, 410})


class Verdict(Enum):
    AGAIN = "wait, ask for the offset, go on"
    ANEW = "the upload is gone: start a new one"
    FAIL = "no use in trying"


class LineLost(Exception):
    """No usable answer came: the line, the server or the time gave out. Says what happened."""


class Refused(Exception):
    """The server answered with something else than success. Says what, as `code: message`."""

    def __init__(self, status: int, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.retry_after = retry_after


def judge(status: int, *, upload_exists: bool) -> Verdict:
    """What a refusal means. `upload_exists`: whether the request was about a created upload."""
    if status in AGAIN or status >= 500:
        return Verdict.AGAIN
    if status in GONE and upload_exists:
        return Verdict.ANEW
    return Verdict.FAIL


def refusal(status: int, headers: Mapping[str, str], body: bytes) -> Refused:
    """A refusal with the server's own words where there are some. Header names are lower case."""
    words = printable(_words(headers, body)) or f"the server answered {status}"
    if 300 <= status < 400 and "location" in headers:
        words = f"the server sends us on to {headers['location']}: use that address"
    return Refused(
        status, printable(words)[:WORDS], retry_after=_seconds(headers.get("retry-after"))
    )


def _words(headers: Mapping[str, str], body: bytes) -> str:
    kind = headers.get("content-type", "").partition(";")[0]
    text = body.decode(errors="replace").strip()
    if kind == "text/plain":
        return text.splitlines()[0].strip() if text else ""
    if kind in ("application/problem+json", "application/json"):
        try:
            problem = json.loads(text)
            return f"{problem['code']}: {problem['detail']}"
        except (ValueError, KeyError, TypeError, RecursionError):
            return ""
    return ""


def _seconds(value: str | None) -> float | None:
    return float(value) if value is not None and value.isascii() and value.isdigit() else None
