"""Downloads of originals and variants, with ranges (RFC 9110, section 14)."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import quote

from starlette.requests import Request as StarletteRequest
from starlette.responses import Response, StreamingResponse

from tusline import rules
from tusline.errors import MethodNotAllowed, TuslineError, UnknownUpload
from tusline.headers import Headers, metadata_text
from tusline.hooks import Action
from tusline.http.cors import Cors
from tusline.http.doorman import Doorman
from tusline.http.replies import error_reply
from tusline.http.requests import Receive, Request, Send
from tusline.interfaces import BlobStore, Clock
from tusline.service.looking import Looker
from tusline.upload import STORED, Upload, UploadId

INLINE = frozenset(
    {"image/jpeg", "image/png", "image/webp", "image/gif", "image/avif", "image/heic"}
)
"""What a browser may show on our origin: everything else is offered as a file (COR-07)."""

_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """Something to download: where it lies, and what to say of it."""

    key: str
    size: int
    content_type: str
    filename: str
    etag: str


class Downloads:
    """Answers with the bytes of finished uploads, to those who may have them."""

    def __init__(
        self, looker: Looker, store: BlobStore, doorman: Doorman, cors: Cors, clock: Clock
    ) -> None:
        self._looker = looker
        self._store = store
        self._doorman = doorman
        self._cors = cors
        self._clock = clock

    async def original_of(self, request: Request, receive: Receive, send: Send) -> None:
        """GET on an upload URL: the download of a finished one; 405 for an unfinished one."""
        id = UploadId(request.path.rstrip("/").rpartition("/")[2])
        response = await self.respond(request.headers, request.peer, id, "original")
        await response(request.scope, receive, send)

    async def endpoint(self, request: StarletteRequest) -> Response:
        """GET /uploads/{id}/{name}"""
        given = Headers(request.scope["headers"])
        peer = request.client.host if request.client else None
        id = UploadId(request.path_params["id"])
        attach = request.query_params.get("download") == "1"
        return await self.respond(given, peer, id, request.path_params["name"], attach=attach)

    async def respond(
        self, given: Headers, peer: str | None, id: UploadId, name: str, *, attach: bool = False
    ) -> Response:
        try:
            caller = await self._doorman.admit(Action.DOWNLOAD, id, given, peer)
            upload = await self._looker.look(id, owner=caller.sees)
            rules.must_exist(upload, owner=caller.sees, now=self._clock.now())
            response = self._stream(self._blob(upload, name), given, attach=attach)
        except TuslineError as error:
            reply = error_reply(error)
            response = Response(reply.body, reply.status, headers=reply.headers)
        response.headers.update(self._cors.headers(given))
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    def _blob(self, upload: Upload, name: str) -> Blob:
        """Raises UnknownUpload, and MethodNotAllowed while the upload has no such thing yet."""
        if upload.phase not in STORED or upload.length is None:
            raise MethodNotAllowed("the upload is not finished", code="not-finished")
        filename = metadata_text(upload.metadata, "filename") or upload.id
        if name == "original":
            return Blob(
                key=self._store.original(upload),
                size=upload.length,
                content_type=upload.content_type or "application/octet-stream",
                filename=filename,
                etag=f'"{upload.id}"',
            )
        for variant in upload.variants:
            if variant.name == name:
                stem, suffix = filename.rpartition(".")[0] or filename, variant.key.rpartition(".")
                return Blob(
                    key=variant.key,
                    size=variant.size,
                    content_type=variant.content_type,
                    filename=f"{stem}-{name}.{suffix[2]}",
                    etag=f'"{variant.key.rpartition("/")[2]}"',
                )
        raise UnknownUpload("there is no such variant")

    def _stream(self, blob: Blob, given: Headers, *, attach: bool) -> Response:
        told = {
            "Accept-Ranges": "bytes",
            "ETag": blob.etag,
            "Cache-Control": "private, max-age=31536000, immutable",
            "Content-Disposition": disposition(
                blob.filename, inline=blob.content_type in INLINE and not attach
            ),
        }
        if given.get("if-none-match") == blob.etag:
            return Response(status_code=304, headers=told)
        wanted = None if _stale(given, blob) else parse_range(given.get("range"), blob.size)
        if wanted is UNSATISFIABLE:
            return Response(status_code=416, headers={"Content-Range": f"bytes */{blob.size}"})
        start, stop = wanted or (0, blob.size)
        told["Content-Length"] = str(stop - start)
        if wanted:
            told["Content-Range"] = f"bytes {start}-{stop - 1}/{blob.size}"
        pieces: AsyncIterator[bytes] = self._store.read(blob.key, start, stop)
        status = 206 if wanted else 200
        return StreamingResponse(pieces, status, media_type=blob.content_type, headers=told)


UNSATISFIABLE = (-1, -1)
"""The range lies wholly outside of the file."""


def parse_range(value: str | None, size: int) -> tuple[int, int] | None:
    """[start, stop) of a single byte range, UNSATISFIABLE, or None for the whole file.

    Several ranges and other units are ignored, as RFC 9110 allows.
    """
    match = _RANGE.fullmatch(value or "")
    if match is None or match[0] == "bytes=-":
        return None
    first, last = match.groups()
    if not first:
        start, stop = max(0, size - int(last)), size
    else:
        start, stop = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < int(first):
            return None
    return (start, stop) if start < stop else UNSATISFIABLE


def _stale(given: Headers, blob: Blob) -> bool:
    """Whether If-Range names another version than ours: then the range does not count."""
    condition = given.get("if-range")
    return condition is not None and condition != blob.etag


def disposition(filename: str, *, inline: bool) -> str:
    """Content-Disposition with a name of any characters (RFC 6266, RFC 8187)."""
    kind = "inline" if inline else "attachment"
    plain = re.sub(r'[^\x20-\x7e]|["\\%/]', "_", filename)[:200]
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(filename[:200], safe='')}"
