"""What botocore raises, as faults of our own; never with a credential or a signed address."""

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    IncompleteReadError,
    ResponseStreamingError,
)
from botocore.exceptions import ConnectionError as NoConnection
from botocore.parsers import ResponseParserError

from tusline.storage.s3.body import GivenUp
from tusline.storage.s3.faults import Failed, Fault, Meaning, SpoiltSlice, meaning

TRANSPORT = (
    HTTPClientError,
    IncompleteReadError,
    NoConnection,
    ResponseParserError,
    ResponseStreamingError,
)
"""The connection broke, or what came over it was cut off."""

MOST_SAID = 200
"""Characters of an error's text: a store may answer with a page."""


def fault_of(error: Exception) -> Fault | None:
    """None: the error is none of the store's. Raises SpoiltSlice when that is what lies below."""
    match error:
        case Failed():
            return error.fault
        case ClientError():
            return _answered(error)
        case HTTPClientError() if isinstance(below := error.kwargs.get("error"), SpoiltSlice):
            raise below
        case GivenUp():
            return Fault(meaning=Meaning.AGAIN, reason="GivenUp", said="its time was over")
        case _ if isinstance(error, TRANSPORT):
            return Fault(meaning=Meaning.AGAIN, reason=type(error).__name__, said=_broken(error))
        case BotoCoreError():
            return Fault(meaning=Meaning.SETUP, reason=type(error).__name__, said=str(error))
    return None


def _answered(error: ClientError) -> Fault:
    told = error.response.get("Error", {})
    meta = error.response.get("ResponseMetadata", {})
    code, message = str(told.get("Code", "")), told.get("Message", "")
    return Fault(
        meaning=meaning(int(meta.get("HTTPStatusCode", 0)), code),
        reason=code,
        said=f"{code} {message}".strip()[:MOST_SAID],
        pause=_seconds(meta.get("HTTPHeaders", {}).get("retry-after", "")),
    )


def _broken(error: Exception) -> str:
    """What lies below tells more, and not the whole address."""
    below = getattr(error, "kwargs", {}).get("error")
    return str(below or error)[:MOST_SAID]


def _seconds(text: str) -> float:
    return float(text) if text.isdecimal() else 0.0
