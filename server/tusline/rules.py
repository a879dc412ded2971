"""May this be done? Pure decisions of the protocol: facts in, permission or a refusal out."""

from dataclasses import dataclass

from tusline import headers
from tusline.errors import (
    BadRequest,
    ExpiredUpload,
    Forbidden,
    KeyReused,
    OffsetMismatch,
    RejectedUpload,
    ServiceBusy,
    StoreFull,
    TooLarge,
    UnknownUpload,
    UnsupportedType,
)
from tusline.sniff import ALIASES, sniff
from tusline.upload import OVER, Phase, Upload, UploadId

ANY_TYPE = "*"

METADATA_BYTES = 8192
"""Longest Upload-Metadata: it is kept with the record and echoed by every HEAD, and proxies
refuse longer headers anyway."""

ANONYMOUS_KEY = 22
"""Least characters of a key whose creation has no owner: 128 random bits in base64. Whoever guesses
it, and repeats the creation, has the upload."""

BATCH_BYTES = 128
"""Longest name of a batch: a random id of any usual kind fits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an operator allows. Sizes in bytes, `max_files` in uploads of a batch."""

    max_size: int
    types: tuple[str, ...]
    min_free: int
    queue_limit: int
    max_files: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Creation:
    """A creating POST: `length` None means deferred; `body` is None for a chunked one. `key` is
    the client's own name for it, under which it can be repeated.

    `concat` is the raw `Upload-Concat`, `members` those that it names: none for a partial upload.
    """

    length: int | None
    metadata: str | None
    body: int | None
    key: str | None = None
    concat: str | None = None
    members: tuple[UploadId, ...] = ()

    @property
    def partial(self) -> bool:
        return self.concat is not None and not self.members


@dataclass(frozen=True, slots=True, kw_only=True)
class Append:
    """A PATCH: its offset, the length it declares (if any), and its body's length if known."""

    offset: int
    length: int | None
    body: int | None


def may_create(creation: Creation, limits: Limits) -> None:
    """Raises TooLarge (CRE-17, CWU-06), UnsupportedType, BadRequest (CRE-11).

    A partial upload may have any type: a piece of a photo is no photo."""
    length, body = creation.length, creation.body
    if length is not None and length > limits.max_size:
        raise TooLarge(f"the largest upload is {limits.max_size} bytes")
    if body is not None and body > (limits.max_size if length is None else length):
        raise TooLarge("the body is longer than the upload")
    if len(creation.metadata or "") > METADATA_BYTES:
        raise BadRequest(
            f"Upload-Metadata may have {METADATA_BYTES} bytes", code="metadata-too-long"
        )
    headers.parse_metadata(creation.metadata or "")
    declared = headers.metadata_text(creation.metadata, "filetype")
    if declared and not creation.partial and not _may_hold(declared, limits.types):
        raise UnsupportedType(
            f"files of this type are not accepted; accepted are {', '.join(limits.types)}",
            code="type-not-accepted",
        )


def batch_of(creation: Creation) -> str | None:
    """The batch in which a creation counts: what its metadata calls so; None: in none.

    Raises BadRequest for a name that is too long to be an id.
    """
    if creation.partial:
        return None  # a piece is no file
    batch = headers.metadata_text(creation.metadata, "batch")
    if batch is not None and len(batch.encode()) > BATCH_BYTES:
        raise BadRequest(f"a batch's name may have {BATCH_BYTES} bytes", code="bad-batch")
    return batch


def may_name(creation: Creation, *, owner: str) -> None:
    """Raises BadRequest for a key that a stranger might guess where no owner stands before it."""
    if creation.key is not None and not owner and len(creation.key) < ANONYMOUS_KEY:
        raise BadRequest(
            f"Idempotency-Key must have {ANONYMOUS_KEY} characters, and be random",
            code="bad-idempotency-key",
        )


def may_repeat(upload: Upload, creation: Creation) -> None:
    """Whether `creation` is the one again that made `upload` under its key. Raises KeyReused.

    A final upload's length is its members', whom `concat` names."""
    length = None if upload.deferred else upload.length
    same_length = upload.final or length == creation.length
    same_metadata = (upload.metadata or "") == (creation.metadata or "")
    if not (same_length and same_metadata and upload.concat == creation.concat):
        raise KeyReused("the Idempotency-Key stands for the upload of another file")


def _may_hold(declared: str, types: tuple[str, ...]) -> bool:
    """Whether a declared type could be one of ours; an unknown one is decided by content."""
    kind = headers.media_type(declared)
    vague = "/" not in kind or kind == "application/octet-stream"
    return vague or ANY_TYPE in types or ALIASES.get(kind, kind) in types


def has_room(limits: Limits, *, length: int | None, free: int | None, depth: int) -> None:
    """Raises StoreFull, and ServiceBusy when too many jobs wait: only creation is refused."""
    if free is not None and free - (length or 0) < limits.min_free:
        raise StoreFull("the server has no room for more uploads", retry_after=60)
    if depth >= limits.queue_limit:
        raise ServiceBusy("too many images wait", code="queue-full", retry_after=10)


def must_exist(upload: Upload, *, owner: str | None, now: float) -> None:
    """Raises UnknownUpload (also for a stranger, I9), ExpiredUpload, RejectedUpload.

    `owner` None is the caller who may see all.
    """
    must_be_owned(upload, owner=owner)
    if upload.phase is Phase.TERMINATED:
        raise UnknownUpload("there is no such upload")
    if upload.phase is Phase.EXPIRED or upload.late(now):
        raise ExpiredUpload("the upload has expired")
    if upload.phase in OVER:
        raise rejection(upload)


def is_over(upload: Upload, *, now: float) -> bool:
    """Whether nothing can come of an upload any more."""
    return upload.phase in OVER or upload.late(now)


def must_take_bytes(upload: Upload, *, owner: str | None, now: float) -> None:
    """As `must_exist`, for a PATCH: Forbidden for a final upload, however it stands (CAT-13)."""
    if not upload.final or upload.phase is not Phase.REJECTED:
        must_exist(upload, owner=owner, now=now)
    must_be_owned(upload, owner=owner)
    if upload.final:
        raise Forbidden("a final upload takes its members' bytes only", code="final-upload")


def may_terminate(upload: Upload, *, owner: str | None, now: float) -> None:
    """As `must_exist`, but what was rejected may be removed, too."""
    if upload.phase is not Phase.REJECTED:
        must_exist(upload, owner=owner, now=now)
    must_be_owned(upload, owner=owner)


def must_be_owned(upload: Upload, *, owner: str | None) -> None:
    """Raises UnknownUpload for a stranger, who must not learn that the upload exists (I9)."""
    if owner is not None and owner != upload.owner:
        raise UnknownUpload("there is no such upload")


def rejection(upload: Upload) -> RejectedUpload:
    """The refusal that a rejected upload's record remembers."""
    if upload.reason is None:
        return RejectedUpload("the content was refused")
    return RejectedUpload(upload.reason.message, code=upload.reason.code)


def may_append(upload: Upload, append: Append, *, max_size: int) -> int:
    """How many body bytes the upload can still take.

    Raises OffsetMismatch (CORE-20), BadRequest for a length that contradicts (DEF-03, DEF-04),
    TooLarge for a body known to be too long (X-06) or a length over the maximum.
    """
    if append.length is not None:
        _must_agree(upload, append.length)
    if append.offset != upload.offset:
        raise OffsetMismatch(
            f"the upload's offset is {upload.offset}, not {append.offset}", offset=upload.offset
        )
    room = _end(upload, append.length, max_size) - upload.offset
    if append.body is not None and append.body > room:
        raise TooLarge(f"the upload takes {room} more bytes, the body has {append.body}")
    return room


def _end(upload: Upload, declared: int | None, max_size: int) -> int:
    """How long the upload can become, in bytes. One without a length, of which the operator has
    allowed more than now, takes no more, and may end where it is. Raises TooLarge."""
    if upload.length is not None:
        return upload.length
    most = max(max_size, upload.offset)
    if declared is not None and declared > most:
        raise TooLarge(f"the largest upload is {max_size} bytes")
    return most if declared is None else declared


def _must_agree(upload: Upload, length: int) -> None:
    if upload.length is not None and upload.length != length:
        raise BadRequest("Upload-Length cannot be changed", code="length-mismatch")
    if upload.length is None and length < upload.offset:
        raise BadRequest("Upload-Length is below the offset", code="length-mismatch")


def check_content(upload: Upload, types: tuple[str, ...]) -> str | None:
    """The sniffed media type (None: unknown, but accepted). Raises RejectedUpload."""
    kind = sniff(upload.head)
    if ANY_TYPE in types or kind in types:
        return kind
    found = f"the content is {kind}" if kind else "the content is of no type that we know"
    raise RejectedUpload(f"{found}; {', '.join(types)} are accepted", code="content-not-accepted")
