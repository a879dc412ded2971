"""What the server says of an upload beside tus: its phase, its original, its variants."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Annotated, TypeVar
from urllib.parse import urljoin

from pydantic import Field, TypeAdapter, ValidationError

from tusline.upload import OVER, Phase, Reason
from tusline.uploader.connection import Connection, resolved
from tusline.uploader.patience import Patience
from tusline.uploader.sizer import Hints
from tusline.uploader.verdict import LineLost, Refused, Verdict, judge, refusal

END = OVER | {Phase.READY, Phase.FAILED}
"""Phases after which nothing more happens by itself."""

FIRST_POLL = 0.2
POLL_GROWTH = 1.5
LONGEST_POLL = 2.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """The stored original. `url` may be relative to the status."""

    url: str
    size: int
    sha256: str | None = None
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """One optimized variant. `size` is in bytes, `saved` the share of the original's size."""

    name: str
    url: str
    content_type: str
    width: int
    height: int
    size: int
    saved: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The status of one upload, with absolute addresses once it has passed `fetch`."""

    phase: Phase
    version: int
    reason: Reason | None = None
    original: Original | None = None
    variants: tuple[Made, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the server tells clients at /config. The defaults hold where it tells nothing."""

    max_files: Annotated[int, Field(gt=0)] = 20
    request_deadline: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 25.0
    chunks: Hints = field(default_factory=Hints)


def status_url(upload: str) -> str:
    """Where the status of an upload is: .../files/ID → .../uploads/ID."""
    return urljoin(upload, f"../uploads/{upload.rpartition('/')[2]}")


def limits(connection: Connection, endpoint: str) -> Limits:
    """The server's limits; the defaults when it does not answer or knows of none."""
    try:
        answer = connection.ask("GET", urljoin(endpoint, "config"))
    except (LineLost, Refused):
        return Limits()
    return read_limits(answer.body) if answer.status == 200 else Limits()


def read_limits(body: bytes) -> Limits:
    """The limits that /config told; the defaults if it cannot be understood."""
    try:
        return _parse(Limits, body)
    except Refused:
        return Limits()


def fetch(connection: Connection, upload: str) -> Status:
    """The status of an upload, given its tus URL. Raises LineLost, Refused."""
    url = status_url(upload)
    answer = connection.ask("GET", url)
    if answer.status != 200:
        raise refusal(answer.status, answer.headers, answer.body)
    return read_status(answer.body, url)


def read_status(body: bytes, url: str) -> Status:
    """The status that was told at `url`. Raises Refused."""
    return _absolute(_parse(Status, body), url)


def follow(
    connection: Connection, upload: str, patience: Patience, tell: Callable[[Status], None]
) -> Status:
    """Ask until the upload is in an end phase; `tell` hears each new version.

    Raises Refused, GaveUp, Stopped.
    """
    seen, pause = -1, FIRST_POLL
    while True:
        try:
            status = fetch(connection, upload)
        except LineLost as lost:
            patience.wait(patience.delay(str(lost)))
            continue
        except Refused as refused:
            if judge(refused.status, upload_exists=True) is not Verdict.AGAIN:
                raise
            patience.wait(patience.delay(refused.message, refused.retry_after))
            continue
        if status.version != seen:
            seen = status.version
            patience.progress()
            tell(status)
        if status.phase in END:
            return status
        patience.check(f"the upload is still {status.phase}")
        patience.wait(pause)
        pause = min(LONGEST_POLL, pause * POLL_GROWTH)


def _absolute(status: Status, base: str) -> Status:
    original = status.original
    return replace(
        status,
        original=original and replace(original, url=resolved(base, original.url)),
        variants=tuple(replace(made, url=resolved(base, made.url)) for made in status.variants),
    )


def _parse(kind: type[T], body: bytes) -> T:
    try:
        return TypeAdapter(kind).validate_json(body)
    except ValidationError as error:
        raise Refused(
            200, f"the server's answer is no {kind.__name__.lower()} of tusline"
        ) from error
