"""What a store's refusal, or a broken connection, means to us: try again, full, missing, wrong."""

from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from tusline.errors import StoreFull, StoreUnavailable, TuslineError, UnknownUpload

AGAIN_CODES = frozenset(
    {
        "BadDigest",
        "IncompleteBody",
        "InternalError",
        "OperationAborted",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequests",
        "XAmzContentSHA256Mismatch",
    }
)
"""Spoiled on the way, or too much at once."""

AGAIN_STATUSES = frozenset({408, 425, 429})
NOT_IMPLEMENTED = 501
NO_ROOM = 507

FULL_WORDS = ("quota", "storagefull", "insufficientstorage", "capexceeded")
"""Parts of the codes of stores that are full; each store has its own."""

MISSING_CODES = frozenset({"404", "NotFound", "NoSuchKey", "NoSuchUpload"})

SETUP_CODES = {
    "NoSuchBucket": "the bucket does not exist",
    "InvalidAccessKeyId": "the access key is unknown",
    "SignatureDoesNotMatch": "the secret key is wrong",
    "ExpiredToken": "the credentials have run out",
    "InvalidToken": "the session token is wrong",
    "AccessDenied": "the credentials may not do this",
    "403": "the credentials may not do this",
    "AllAccessDisabled": "the bucket is closed",
    "RequestTimeTooSkewed": "the clocks of this machine and of the store differ too much",
    "PermanentRedirect": "the bucket is in another region",
    "AuthorizationHeaderMalformed": "the region is wrong",
}
"""Refusals that no later attempt changes, until somebody mends the deployment."""

RETRY_AFTER = 5
RETRY_AFTER_FULL = 60


class Meaning(Enum):
    """What to make of a fault."""

    AGAIN = auto()
    FULL = auto()
    MISSING = auto()
    SETUP = auto()
    REFUSED = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One failed attempt. `reason` is the store's word, or the name of what broke; `pause`, in
    seconds, what the store asked for."""

    meaning: Meaning
    reason: str
    said: str
    pause: float = 0.0


class Failed(Exception):
    """An attempt failed; raised in a thread, with nothing of botocore in it."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.reason)
        self.fault = fault


class NotThere(UnknownUpload):
    """No such object, or no such multipart upload (any more)."""


class Refused(StoreUnavailable):
    """The store will not do this, however often it is asked; `reason` is its code, InvalidPart for
    example."""

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message, retry_after=RETRY_AFTER)
        self.reason = reason


class Misconfigured(Refused):
    """Bucket, credentials, region or clock are wrong."""


class SpoiltSlice(Exception):
    """A local copy that was to be sent is not there, or not what it should be."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path.name} is gone or spoilt")
        self.path = path


def meaning(status: int, code: str) -> Meaning:
    """What an answer of the store means that is no success."""
    word = code.replace(" ", "").lower()
    if status == NO_ROOM or any(part in word for part in FULL_WORDS):
        return Meaning.FULL
    if code in AGAIN_CODES or status in AGAIN_STATUSES:
        return Meaning.AGAIN
    if code in SETUP_CODES or status in (301, 403):
        return Meaning.SETUP
    if code in MISSING_CODES or status == 404:
        return Meaning.MISSING
    if status >= 500 and status != NOT_IMPLEMENTED:
        return Meaning.AGAIN
    return Meaning.REFUSED


def refusal(operation: str, fault: Fault) -> TuslineError:
    """The error that a call ends with."""
    said = f"{operation}: {fault.said}"
    match fault.meaning:
        case Meaning.MISSING:
            return NotThere("there is no such object")
        case Meaning.FULL:
            return StoreFull("the store is full", retry_after=RETRY_AFTER_FULL)
        case Meaning.SETUP:
            why = SETUP_CODES.get(fault.reason, said)
            return Misconfigured(f"the store is not set up: {why}", reason=fault.reason)
        case Meaning.REFUSED:
            return Refused(f"the store refused {said}", reason=fault.reason)
        case Meaning.AGAIN:
            return StoreUnavailable(f"the store failed: {said}", retry_after=RETRY_AFTER)
