"""Every refusal tusline can answer with, as one tree: the error knows its status and its code.

    TuslineError
    ├── BadRequest               400  malformed header or value; subclasses of `code` by argument
    ├── Unauthorized             401  no or bad credentials
    ├── Forbidden                403  the upload exists for the caller, the action does not
    │   └── BatchFull            403  as many files as a batch may have are there
    ├── UnknownUpload            404  never existed, terminated, or belongs to a stranger
    ├── MethodNotAllowed         405
    ├── OffsetMismatch           409  carries the offset that the next PATCH may use
    ├── ExpiredUpload            410
    ├── OriginalGone             410  the variants are all that is left
    ├── UnsupportedVersion       412
    ├── TooLarge                 413
    ├── UnsupportedType          415
    ├── RejectedUpload           422  the content was looked at and refused
    ├── KeyReused                422  the Idempotency-Key stands for another creation
    ├── Busy                     423  another request writes; come back
    ├── ChecksumMismatch         460  the body is not what its checksum says; nothing of it counts
    ├── ServiceBusy              503  a queue, a deadline or a drain: come back
    │   ├── StoreUnavailable     503  the blob store failed
    │   │   └── BytesLost        503  ... and cannot be trusted with this upload any more
    │   ├── RecordsUnavailable   503  the records failed
    │   └── AccessUnavailable    503  the host's `authorize` hook failed
    └── StoreFull                507  no room; creation is refused, bytes already stored are kept

`LeaseLost`, `StaleJob` and `MemberLost` are ours: a fenced writer or worker learns by the first
two that it was overtaken, a join by the third that it must be judged anew. They never reach a
client as such (a writer that lost its lease answers 423).
"""

from typing import ClassVar


class TuslineError(Exception):
    """A refusal. `code` is stable and documented; the message is for a person. `expires`: when the
    upload that it is about expires, where its record was seen (EXP-02)."""

    status: ClassVar[int] = 500
    code: str = "internal"

    def __init__(
        self, message: str, *, code: str | None = None, retry_after: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after
        self.expires: float | None = None
        if code is not None:
            self.code = code


class BadRequest(TuslineError):
    status = 400
    code = "bad-request"


class Unauthorized(TuslineError):
    status = 401
    code = "unauthorized"


class Forbidden(TuslineError):
    status = 403
    code = "forbidden"


class BatchFull(Forbidden):
    code = "batch-full"


class UnknownUpload(TuslineError):
    status = 404
    code = "unknown-upload"


class MethodNotAllowed(TuslineError):
    status = 405
    code = "method-not-allowed"


class OffsetMismatch(TuslineError):
    """`offset` is the upload's current offset in bytes (CORE-20)."""

    status = 409
    code = "offset-mismatch"

    def __init__(self, message: str, *, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


class ExpiredUpload(TuslineError):
    status = 410
    code = "expired-upload"


class OriginalGone(TuslineError):
    status = 410
    code = "original-gone"


class UnsupportedVersion(TuslineError):
    status = 412
    code = "unsupported-version"


class TooLarge(TuslineError):
    status = 413
    code = "too-large"


class UnsupportedType(TuslineError):
    status = 415
    code = "unsupported-type"


class RejectedUpload(TuslineError):
    status = 422
    code = "rejected-upload"


class KeyReused(TuslineError):
    status = 422
    code = "idempotency-key-reused"


class Busy(TuslineError):
    status = 423
    code = "busy"


class ChecksumMismatch(TuslineError):
    status = 460
    code = "checksum-mismatch"


class ServiceBusy(TuslineError):
    status = 503
    code = "service-busy"


class StoreUnavailable(ServiceBusy):
    code = "store-unavailable"


class BytesLost(StoreUnavailable):
    """A sync failed: bytes that were acknowledged may be gone, and a later sync may lie (I11)."""

    code = "bytes-lost"


class RecordsUnavailable(ServiceBusy):
    code = "records-unavailable"


class AccessUnavailable(ServiceBusy):
    code = "access-unavailable"


class StoreFull(TuslineError):
    status = 507
    code = "store-full"


class LeaseLost(Exception):
    """The fencing token is no longer the upload's: somebody took over."""


class StaleJob(Exception):
    """The job's token is no longer the upload's: another worker has it, or it is over."""


class MemberLost(Exception):
    """Bytes of a member of a final upload are not there: it went away, or the disk lost them."""

    def __init__(self, id: str) -> None:
        super().__init__(f"bytes of {id} are missing")
        self.id = id


class ConfigurationError(Exception):
    """The settings contradict each other or the machine; the message says the way out."""
