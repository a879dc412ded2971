"""GET /uploads/{id}: what is known of an upload, as JSON; it disturbs nobody."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tusline.errors import TuslineError
from tusline.headers import Headers, metadata_text
from tusline.hooks import Action
from tusline.http.doorman import Doorman
from tusline.service.looking import Looker
from tusline.upload import STORED, Upload, UploadId


def status_of(upload: Upload, base: str) -> dict[str, Any]:
    """The JSON of one upload. `base` is the path of /uploads, a prefix included."""
    here = f"{base}/{upload.id}"
    reason = upload.reason
    has_original = upload.phase in STORED and not upload.original_gone
    return {
        "id": upload.id,
        "phase": upload.phase,
        "version": upload.version,
        "offset": upload.offset,
        "length": upload.length,
        "progress": _progress(upload),
        "filename": metadata_text(upload.metadata, "filename"),
        "created": upload.created,
        "changed": upload.changed,
        "expires": upload.expires,
        "concat": _concat(upload),
        "reason": {"code": reason.code, "message": reason.message} if reason else None,
        "original": _original(upload, here) if has_original else None,
        "original_gone": upload.original_gone,
        "variants": [
            {
                "name": variant.name,
                "url": f"{here}/{variant.name}",
                "content_type": variant.content_type,
                "width": variant.width,
                "height": variant.height,
                "size": variant.size,
                "saved": round(1 - variant.size / upload.length, 4) if upload.length else 0,
            }
            for variant in upload.variants
        ],
    }


def _progress(upload: Upload) -> float | None:
    if upload.length is None:
        return None
    return round(upload.offset / upload.length, 4) if upload.length else 1


def _concat(upload: Upload) -> dict[str, Any] | None:
    """Whether it is a partial upload, or a final one and of how many."""
    if upload.final:
        return {"kind": "final", "members": len(upload.members)}
    return {"kind": "partial"} if upload.partial else None


def _original(upload: Upload, here: str) -> dict[str, Any]:
    return {
        "url": f"{here}/original",
        "size": upload.length,
        "content_type": upload.content_type,
        "sha256": upload.sha256,
        "width": upload.image.width if upload.image else None,
        "height": upload.image.height if upload.image else None,
    }


def problem(error: TuslineError) -> dict[str, Any]:
    """An error of a JSON endpoint (RFC 9457), with our stable code."""
    return {
        "type": "about:blank",
        "title": error.code.replace("-", " "),
        "status": error.status,
        "code": error.code,
        "detail": error.message,
    }


class Status:
    """The endpoint of one upload's status."""

    def __init__(self, looker: Looker, doorman: Doorman, base: str) -> None:
        self._looker = looker
        self._doorman = doorman
        self._base = base

    async def endpoint(self, request: Request) -> Response:
        given = Headers(request.scope["headers"])
        id = UploadId(request.path_params["id"])
        peer = request.client.host if request.client else None
        response: Response
        try:
            caller = await self._doorman.admit(Action.LOOK, id, given, peer)
            upload = await self._looker.look(id, owner=caller.sees)
            base = str(request.scope.get("root_path", "")) + self._base
            response = JSONResponse(status_of(upload, base))
        except TuslineError as error:
            response = JSONResponse(
                problem(error), error.status, media_type="application/problem+json"
            )
        response.headers["Cache-Control"] = "no-store"
        return response
