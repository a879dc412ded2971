"""How a request's body can end, and what to answer when it ended early (pure).

The rules are measured, not guessed: a 204 with a smaller offset is right by the protocol, but
clients that do not seek go on from their own position and corrupt the file silently, or take the
204 of their last request for the end. So it goes only to clients known to take the offset from the
answer, and that would fail without it; everybody else gets a 503 that carries the offset, asks
with HEAD, and goes on.
"""

from dataclasses import dataclass
from enum import StrEnum

from tusline.headers import Headers


class Ended(StrEnum):
    """Why no more body bytes are taken."""

    COMPLETE = "complete"
    DISCONNECTED = "disconnected"
    IDLE = "idle"
    DEADLINE = "deadline"
    DRAINED = "drained"
    LET_GO = "let-go"
    LEASE_LOST = "lease-lost"
    TOO_LONG = "too-long"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeker:
    """How the PATCH of a client is known: a part of its User-Agent, and headers that stand one
    right after the other. The agent alone names only the HTTP library, and with it every script."""

    agents: tuple[str, ...]
    order: tuple[str, ...]


SEEKERS = (
    Seeker(  # tuspy, sync and async; without retries a 503 would end its upload
        agents=("python-requests/", "aiohttp/"),
        order=("upload-offset", "content-type", "tus-resumable"),
    ),
    Seeker(  # aiotus; its attempts are counted for the whole file
        agents=("aiohttp/",),
        order=("tus-resumable", "upload-offset", "content-length", "content-type"),
    ),
)
"""Clients that go on from the offset of a short 204. A new entry needs a test that runs that
client. Browsers are none: a page may use any client, and those that seek retry a 503 as well."""

RETRY_SOON = 1
"""Seconds after which an early-ended client should come back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Early:
    """An early answer. `linger`: go on taking bytes for a moment, so that it is not lost."""

    status: int
    code: str
    message: str
    linger: bool


def seeks(headers: Headers) -> bool:
    """Whether this client is known to continue from the offset of the answer."""
    if "transfer-encoding" in headers:
        return False  # its length is unknown to us and its position, perhaps, to itself
    agent = headers.get("user-agent") or ""
    names = f",{','.join(headers.values)},"
    return any(
        any(part in agent for part in seeker.agents) and f",{','.join(seeker.order)}," in names
        for seeker in SEEKERS
    )


def early_answer(ended: Ended, *, progressed: bool, seeking: bool) -> Early | None:
    """What to tell a client whose request ended early; None: nobody listens."""
    match ended:
        case Ended.DISCONNECTED | Ended.COMPLETE:
            return None
        case Ended.DEADLINE | Ended.DRAINED if progressed and seeking:
            # Without progress a 204 would make clients loop without a delay.
            return Early(status=204, code="", message="", linger=True)
        case Ended.DEADLINE:
            return _again("deadline", "the request's time is over; go on from Upload-Offset")
        case Ended.DRAINED:
            return _again("draining", "the server restarts; go on from Upload-Offset")
        case Ended.LET_GO | Ended.LEASE_LOST:
            return Early(status=423, code="busy", message="another request took over", linger=False)
        case Ended.IDLE:
            return Early(status=503, code="body-idle", message="no bytes came", linger=False)
        case Ended.TOO_LONG:
            return Early(
                status=413,
                code="too-large",
                message="the body is longer than the upload",
                linger=True,
            )
        case Ended.FAILED:
            return _again("store-unavailable", "the bytes could not be stored; go on later")


def _again(code: str, message: str) -> Early:
    return Early(status=503, code=code, message=message, linger=True)
