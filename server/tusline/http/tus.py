"""The verbs of tus 1.0: headers in, the service asked, headers out."""

from dataclasses import dataclass

from tusline import headers, rules
from tusline.body import Body
from tusline.checksums import ALGORITHMS
from tusline.concat import Concat
from tusline.endings import RETRY_SOON, Ended, early_answer, seeks
from tusline.errors import BadRequest, TuslineError, UnsupportedType
from tusline.hooks import Action
from tusline.http.address import Addresses
from tusline.http.concat import concat_of, final_creation
from tusline.http.doorman import Caller, Doorman
from tusline.http.replies import Reply, error_reply, text_reply
from tusline.http.requests import Request, Scope, trailers_of
from tusline.interfaces import Clock
from tusline.rules import Append, Creation
from tusline.service.appending import Appended, Appender
from tusline.service.creation import Creator
from tusline.service.looking import Looker
from tusline.service.terminating import Terminator
from tusline.upload import Upload, UploadId

EXTENSIONS = (
    "creation",
    "creation-with-upload",
    "creation-defer-length",
    "termination",
    "checksum",
    "concatenation",
    "concatenation-unfinished",
)
"""What is always on; `expiration` joins when uploads expire."""

CHECKSUM_TRAILER = "checksum-trailer"
"""Joins where the HTTP server keeps trailers for us."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """What OPTIONS tells: the maximum size in bytes and the extensions that are on."""

    max_size: int
    extensions: tuple[str, ...]

    def under(self, scope: Scope) -> tuple[str, ...]:
        """The extensions that are on under the server that made this scope."""
        trailers = trailers_of(scope) is not None
        return (*self.extensions, CHECKSUM_TRAILER) if trailers else self.extensions

    def headers(self, scope: Scope) -> dict[str, str]:
        return {
            "Tus-Version": headers.VERSION,
            "Tus-Max-Size": str(self.max_size),
            "Tus-Extension": ",".join(self.under(scope)),  # no blanks: a Go client needs that
            "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
        }


class Tus:
    """One method a verb. They raise TuslineError; the application around makes it an answer."""

    def __init__(
        self,
        creator: Creator,
        appender: Appender,
        looker: Looker,
        terminator: Terminator,
        doorman: Doorman,
        addresses: Addresses,
        clock: Clock,
    ) -> None:
        self._creator = creator
        self._appender = appender
        self._looker = looker
        self._terminator = terminator
        self._doorman = doorman
        self._addresses = addresses
        self._clock = clock

    async def _admit(self, action: Action, request: Request, id: UploadId | None) -> Caller:
        return await self._doorman.admit(action, id, request.headers, request.peer)

    # --- POST --------------------------------------------------------------------------------

    async def create(self, request: Request, body: Body) -> Reply:
        """201 with an absolute Location; a body that comes with it is stored, unless the creation
        is a repeated one."""
        caller = await self._admit(Action.CREATE, request, None)
        creation = _creation(request, concat_of(request, self._addresses))
        body.verify_with(request.verifier())
        takes_body = request.has_body or body.verifier is not None
        appended = await self._creator.create(
            creation, body if takes_body else None, owner=caller.owner, left=body.left()
        )
        if appended.ended is Ended.DISCONNECTED:
            return Reply(status=201, code=Ended.DISCONNECTED)
        upload = appended.upload
        base = self._addresses.base(request)
        reply = Reply(
            status=201,
            headers={
                "Location": f"{base}{request.path.rstrip('/')}/{upload.id}",
                **_offset(upload),
                **_expires(upload),
            },
        )
        if takes_body:
            reply.code = appended.ended
            reply.close = reply.linger = not body.whole
        return reply

    # --- PATCH -------------------------------------------------------------------------------

    async def append(self, request: Request, body: Body, id: UploadId) -> Reply:
        """204 with the new offset, or the early answers of `endings`."""
        caller = await self._admit(Action.APPEND, request, id)
        try:
            append = _append(request)
            body.verify_with(request.verifier())
        except TuslineError as error:
            upload = await self._taking(id, caller)  # 403, 404 and 410 come before 400 and 415
            error.expires = upload.lapses
            raise
        appended = await self._appender.append(id, append, body, owner=caller.sees)
        return _append_reply(request, appended)

    async def _taking(self, id: UploadId, caller: Caller) -> Upload:
        upload = await self._looker.look(id, owner=caller.sees)
        rules.must_take_bytes(upload, owner=caller.sees, now=self._clock.now())
        return upload

    # --- HEAD, DELETE ------------------------------------------------------------------------

    async def head(self, request: Request, id: UploadId) -> Reply:
        """200 with the offset, the length, and metadata and concatenation as they were given."""
        caller = await self._admit(Action.LOOK, request, id)
        upload = await self._looker.offset(id, owner=caller.sees)
        told = {**_offset(upload), **_expires(upload)}
        if upload.length is None:
            told["Upload-Defer-Length"] = "1"
        else:
            told["Upload-Length"] = str(upload.length)
        if upload.metadata:
            told["Upload-Metadata"] = upload.metadata
        if upload.concat is not None:
            told["Upload-Concat"] = upload.concat
        return Reply(status=200, headers=told)

    async def terminate(self, request: Request, id: UploadId) -> Reply:
        caller = await self._admit(Action.TERMINATE, request, id)
        await self._terminator.terminate(id, owner=caller.sees)
        return Reply(status=204)


def _creation(request: Request, concat: Concat | None) -> Creation:
    """Raises UnsupportedType (CWU-02), BadRequest (CRE-03, CRE-04), and for a final upload what
    `final_creation` does."""
    if concat is not None and concat.members:
        return final_creation(request, concat)
    if request.has_body:
        _must_be_octets(request)
    length = request.count("Upload-Length")
    deferred = request.headers.get("upload-defer-length")
    if deferred is not None:
        headers.parse_deferred(deferred)
    if (length is None) == (deferred is None):
        raise BadRequest(
            "give either Upload-Length or Upload-Defer-Length: 1", code="length-missing"
        )
    return Creation(
        length=length,
        metadata=request.headers.get("upload-metadata"),
        body=request.body_length,
        key=request.idempotency_key,
        concat=concat.value if concat else None,
    )


def _append(request: Request) -> Append:
    """Raises UnsupportedType (CORE-18), BadRequest (CORE-02, CORE-19)."""
    _must_be_octets(request)
    return Append(
        offset=request.need_count("Upload-Offset"),
        length=request.count("Upload-Length"),
        body=request.body_length,
    )


def _must_be_octets(request: Request) -> None:
    if headers.media_type(request.headers.get("content-type")) != headers.OFFSET_OCTETS:
        raise UnsupportedType(f"Content-Type must be {headers.OFFSET_OCTETS}")


def _append_reply(request: Request, appended: Appended) -> Reply:
    """204, or the answer to an early end: always with the offset that counts now."""
    upload = appended.upload
    told = {"Upload-Offset": str(upload.offset), **_expires(upload)}
    if appended.error is not None:
        reply = error_reply(appended.error)
        reply.close = reply.linger = appended.ended is not Ended.COMPLETE
        reply.headers.update(told)
        return reply
    early = early_answer(
        appended.ended, progressed=appended.added > 0, seeking=seeks(request.headers)
    )
    if early is None:
        return Reply(status=204, headers=told, code=appended.ended)
    if early.status == 204:
        reply = Reply(status=204, code=appended.ended)
    else:
        reply = text_reply(early.status, early.code, early.message)
        if early.status in (423, 503):
            reply.headers["Retry-After"] = str(RETRY_SOON)
    reply.headers.update(told)
    reply.close, reply.linger = True, early.linger
    return reply


def _offset(upload: Upload) -> dict[str, str]:
    """`Upload-Offset`; not of a pending final upload, which a client would append to (CAT-14)."""
    return {} if upload.pending else {"Upload-Offset": str(upload.offset)}


def _expires(upload: Upload) -> dict[str, str]:
    """`Upload-Expires`, while the upload can expire (EXP-02 to EXP-04)."""
    lapses = upload.lapses
    return {} if lapses is None else {"Upload-Expires": headers.http_date(lapses)}
