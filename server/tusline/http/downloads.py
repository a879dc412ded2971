"""Downloads of originals and variants, with ranges (RFC 9110, section 14)."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import PurePath
from urllib.parse import quote

from starlette.requests import Request as StarletteRequest
from starlette.responses import Response, StreamingResponse

from tusline import rules
from tusline.errors import MethodNotAllowed, OriginalGone, TuslineError, UnknownUpload
from tusline.headers import Headers, metadata_text
from tusline.hooks import Action
from tusline.http.doorman import Doorman
from tusline.http.replies import Reply, error_reply
from tusline.interfaces import BlobStore, Clock
from tusline.service.looking import Looker
from tusline.upload import STORED, Upload, UploadId

INLINE = frozenset(
    {"image/jpeg", "image/png", "image/webp", "image/gif", "image/avif", "image/heic"}
)
"""What a browser may show on our origin: everything else is offered as a file (COR-07)."""

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """Something to download: where it lies, and what to say of it."""

    key: str
    size: int
    content_type: str
    filename: str
    etag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A request for bytes: of which upload, and what of it. `attach`: offer it as a file; `bare`:
    the headers are all that is wanted."""

    headers: Headers
    peer: str | None
    id: UploadId
    name: str = "original"
    attach: bool = False
    bare: bool = False


class Downloads:
    """Answers with the bytes of finished uploads, to those who may have them."""

    def __init__(self, looker: Looker, store: BlobStore, doorman: Doorman, clock: Clock) -> None:
        self._looker = looker
        self._store = store
        self._doorman = doorman
        self._clock = clock

    async def endpoint(self, request: StarletteRequest) -> Response:
        """GET /uploads/{id}/{name}"""
        wanted = Wanted(
            headers=Headers(request.scope["headers"]),
            peer=request.client.host if request.client else None,
            id=UploadId(request.path_params["id"]),
            name=request.path_params["name"],
            attach=request.query_params.get("download") == "1",
            bare=request.method == "HEAD",
        )
        try:
            reply = await self.reply(wanted)
        except TuslineError as error:
            reply = error_reply(error)
        if reply.stream is None:
            return Response(reply.body, reply.status, headers=reply.headers)
        return StreamingResponse(reply.stream, reply.status, headers=reply.headers)

    async def reply(self, wanted: Wanted) -> Reply:
        """The bytes. Raises what the doorman and `rules.must_exist` raise, UnknownUpload,
        OriginalGone, and MethodNotAllowed while there is nothing to download yet."""
        caller = await self._doorman.admit(Action.DOWNLOAD, wanted.id, wanted.headers, wanted.peer)
        upload = await self._looker.look(wanted.id, owner=caller.sees)
        rules.must_exist(upload, owner=caller.sees, now=self._clock.now())
        return await self._answer(self._blob(upload, wanted.name), wanted)

    def _blob(self, upload: Upload, name: str) -> Blob:
        if upload.phase not in STORED or upload.length is None:
            raise MethodNotAllowed("the upload is not finished", code="not-finished")
        filename = metadata_text(upload.metadata, "filename") or upload.id
        if name == "original" and upload.original_gone:
            raise OriginalGone("the original was kept long enough; its variants are left")
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
                stem, suffix = PurePath(filename).stem, PurePath(variant.key).suffix
                return Blob(
                    key=variant.key,
                    size=variant.size,
                    content_type=variant.content_type,
                    filename=f"{stem}-{name}{suffix}",
                    etag=f'"{PurePath(variant.key).name}"',
                )
        raise UnknownUpload("there is no such variant")

    async def _answer(self, blob: Blob, wanted: Wanted) -> Reply:
        inline = blob.content_type in INLINE and not wanted.attach
        told = {
            "Accept-Ranges": "bytes",
            "ETag": blob.etag,
            "Cache-Control": "private, max-age=31536000, immutable",
            "Content-Disposition": disposition(blob.filename, inline=inline),
        }
        if wanted.headers.get("if-none-match") == blob.etag:
            return Reply(status=304, headers=told)
        given = None if _stale(wanted.headers, blob) else wanted.headers.get("range")
        part = parse_range(given, blob.size)
        if part is UNSATISFIABLE:
            return Reply(status=416, headers={"Content-Range": f"bytes */{blob.size}"})
        start, stop = part or (0, blob.size)
        told |= {"Content-Type": blob.content_type, "Content-Length": str(stop - start)}
        if part:
            told["Content-Range"] = f"bytes {start}-{stop - 1}/{blob.size}"
        pieces = self._store.read(blob.key, start, start if wanted.bare else stop)
        stream = await _begun(pieces)
        return Reply(status=206 if part else 200, headers=told, stream=stream)


async def _begun(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same pieces, the first of them read already: a file that is gone is a 404, not an
    answer that breaks off."""
    first = await anext(pieces, b"")

    async def rest() -> AsyncIterator[bytes]:
        yield first
        async for piece in pieces:
            yield piece

    return rest()


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
