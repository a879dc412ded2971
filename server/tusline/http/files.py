"""`/files` as a raw ASGI application: versions, methods, errors, the one log line."""

import asyncio
import time
from dataclasses import dataclass

import structlog
from starlette.responses import StreamingResponse

from tusline import headers
from tusline.body import Body
from tusline.endings import Ended
from tusline.errors import (
    Busy,
    ExpiredUpload,
    MethodNotAllowed,
    OffsetMismatch,
    ServiceBusy,
    TuslineError,
    UnknownUpload,
    UnsupportedVersion,
)
from tusline.http.cors import Cors
from tusline.http.downloads import Downloads, Wanted
from tusline.http.replies import Linger, Reply, error_reply, send_reply, text_reply, uncancel
from tusline.http.requests import METHODS, Receive, Request, Scope, Send
from tusline.http.tus import Announced, Tus
from tusline.upload import ID, UploadId

log = structlog.get_logger()

ALLOWED = "OPTIONS, POST"
ALLOWED_BELOW = "OPTIONS, HEAD, PATCH, DELETE, GET"

VERBS = {
    "OPTIONS": "options",
    "POST": "create",
    "PATCH": "append",
    "HEAD": "head",
    "DELETE": "terminate",
    "GET": "download",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyLimits:
    """Seconds that a body may be silent, and last (0: no limit; not `chunked`: none for bodies
    that come in chunks, whose clients may have a fixed number of attempts); and last while its
    checksum is pending, in chunks or not."""

    idle: float
    deadline: float
    checksum_deadline: float
    chunked: bool

    def body(self, receive: Receive, request: Request) -> Body:
        """The request's body, under these limits."""
        chunked = "transfer-encoding" in request.headers and "content-length" not in request.headers
        deadline = self.deadline if self.chunked or not chunked else 0
        return Body(
            receive,
            idle=self.idle,
            deadline=deadline,
            checksum_deadline=self.checksum_deadline,
        )


class Files:
    """An ASGI application for the creation URL and every upload URL below it.

    `prefix` is the path of the creation URL, "/files" say. What follows it is the upload's id.
    `expired_status`: 410 or 404 for an upload that has expired (X-09).
    """

    def __init__(
        self,
        tus: Tus,
        downloads: Downloads,
        cors: Cors,
        announced: Announced,
        *,
        prefix: str,
        body_limits: BodyLimits,
        linger: Linger,
        expired_status: int,
    ) -> None:
        self._tus = tus
        self._downloads = downloads
        self._cors = cors
        self._announced = announced
        self._prefix = prefix
        self._body_limits = body_limits
        self._linger = linger
        self._expired_status = expired_status

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = time.perf_counter()
        request = Request(scope)
        body = self._body_limits.body(receive, request)
        reply = await self._guarded(request, body)
        self._complete(reply, request, body)
        if reply.stream is not None:
            download = StreamingResponse(reply.stream, reply.status, headers=reply.headers)
            await download(scope, receive, send)  # it notices when the client leaves
        elif body.ended is not Ended.DISCONNECTED:
            await send_reply(reply, send, body, self._linger)
        self._log(request, reply, body, time.perf_counter() - begun)

    async def _guarded(self, request: Request, body: Body) -> Reply:
        """The answer, also where something went wrong."""
        try:
            return await self._answer(request, body)
        except TuslineError as error:
            return error_reply(_never_passing(error, request))
        except asyncio.CancelledError:
            # A stop has no more time for this request. Left to itself the server would answer with
            # a bare 500, after which clients throw the upload away (I5).
            uncancel()
            return error_reply(_never_passing(_draining(), request))
        except Exception:
            log.exception("request.failed", path=request.path, method=request.method)
            if request.method == "HEAD":
                return text_reply(423, "internal", "the offset is not known now")
            return text_reply(500, "internal", "an error of the server; it is logged")

    async def _answer(self, request: Request, body: Body) -> Reply:
        if request.method == "OPTIONS":
            return Reply(status=200, headers=self._announced.headers(request.scope))
        _check_version(request)
        id = self._id(request)
        if id is None:
            if request.method not in METHODS:
                raise MethodNotAllowed(f"{request.method[:20]} is unknown")
            request.must_be("POST")
            return await self._tus.create(request, body)
        request.must_be("PATCH", "HEAD", "DELETE", "GET")
        if ID.fullmatch(id) is None:
            raise UnknownUpload("there is no such upload")
        match request.method:
            case "PATCH":
                return await self._tus.append(request, body, id)
            case "HEAD":
                return await self._tus.head(request, id)
            case "GET":
                bare = request.scope["method"] == "HEAD"
                wanted = Wanted(headers=request.headers, peer=request.peer, id=id, bare=bare)
                return await self._downloads.reply(wanted)
            case _:
                return await self._tus.terminate(request, id)

    def _id(self, request: Request) -> UploadId | None:
        """What follows the creation URL, or None on it; with or without the slash (CRE-02)."""
        root = str(request.scope.get("root_path", ""))
        path = request.path.removeprefix(root).removeprefix(self._prefix)
        return UploadId(path.removeprefix("/")) if path not in ("", "/") else None

    def _complete(self, reply: Reply, request: Request, body: Body) -> None:
        """What every answer has; and the end of the connection where bytes are left in it."""
        if reply.code == ExpiredUpload.code:
            reply.status = self._expired_status
        reply.headers["Tus-Resumable"] = headers.VERSION
        reply.headers["X-Content-Type-Options"] = "nosniff"
        if request.method == "OPTIONS":
            reply.headers.update(self._cors.preflight(request.headers))
        else:
            reply.headers.update(self._cors.headers(request.headers))
        if reply.status == MethodNotAllowed.status:
            reply.headers["Allow"] = ALLOWED_BELOW if self._id(request) else ALLOWED
        if reply.status == UnsupportedVersion.status:
            reply.headers["Tus-Version"] = headers.VERSION
        if request.method == "HEAD":
            reply.headers["Cache-Control"] = "no-store"
        if reply.status >= 400 and not body.whole and _brings_body(request):
            # A close with bytes unread resets the connection, and many a client loses the answer.
            # A 409 ends at once: browsers send stale requests by themselves, and wait for our end.
            reply.close, reply.linger = True, reply.status != OffsetMismatch.status

    def _log(self, request: Request, reply: Reply, body: Body, seconds: float) -> None:
        id = self._id(request) or reply.headers.get("Location", "").rpartition("/")[2]
        log.info(
            f"upload.{VERBS.get(request.method, 'unknown')}",
            upload_id=id if ID.fullmatch(id) else "-",  # a hostile path may hold anything
            status=reply.status if body.ended is not Ended.DISCONNECTED else "-",
            offset=reply.headers.get("Upload-Offset"),
            took=body.taken,
            ms=round(seconds * 1000),
            code=reply.code,
        )


def _check_version(request: Request) -> None:
    """Raises UnsupportedVersion before anything else is looked at (CORE-06, CORE-07, X-03)."""
    version = request.headers.get("tus-resumable")
    if version == headers.VERSION or (version is None and request.method == "GET"):
        return
    raise UnsupportedVersion(f"Tus-Resumable: {headers.VERSION} is spoken here")


def _brings_body(request: Request) -> bool:
    """As `Request.has_body`, but of a request that may be malformed."""
    length = request.headers.get("content-length") or "0"
    return length != "0" or "transfer-encoding" in request.headers


def _draining() -> ServiceBusy:
    return ServiceBusy("the server stops; come back", code="draining", retry_after=1)


def _never_passing(error: TuslineError, request: Request) -> TuslineError:
    """HEAD never answers a passing 5xx: clients would throw the upload away (I5)."""
    if request.method != "HEAD" or error.status < 500:
        return error
    return Busy(error.message, code=error.code, retry_after=error.retry_after or 1)
