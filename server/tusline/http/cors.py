"""Cross-origin rules (tus-matrix COR): browsers show nothing of an answer that lacks them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from tusline.headers import Headers

METHODS = "POST, GET, HEAD, PATCH, DELETE, OPTIONS"
ALLOWED = ", ".join(
    (
        "Authorization",
        "Content-Type",
        "Origin",
        "X-Requested-With",
        "X-Request-ID",
        "X-HTTP-Method-Override",
        "Tus-Resumable",
        "Upload-Length",
        "Upload-Defer-Length",
        "Upload-Offset",
        "Upload-Metadata",
        "Upload-Concat",
        "Upload-Checksum",
        "Upload-Complete",
        "Upload-Incomplete",
        "Upload-Draft-Interop-Version",
        "Idempotency-Key",
        "Content-Disposition",
        "Content-Digest",
        "Repr-Digest",
        "Want-Repr-Digest",
        "Want-Content-Digest",
        "Last-Event-ID",
        "Range",
    )
)
EXPOSED = ", ".join(
    (
        "Location",
        "Tus-Version",
        "Tus-Resumable",
        "Tus-Max-Size",
        "Tus-Extension",
        "Tus-Checksum-Algorithm",
        "Upload-Offset",
        "Upload-Length",
        "Upload-Defer-Length",
        "Upload-Metadata",
        "Upload-Concat",
        "Upload-Expires",
        "Upload-Complete",
        "Upload-Limit",
        "Upload-Draft-Interop-Version",
        "Repr-Digest",
        "Content-Digest",
        "Content-Range",
        "ETag",
        "Retry-After",
        "X-Request-ID",
    )
)
REMEMBER = 86400
"""Seconds that a browser may keep the answer of a preflight."""


Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Cors:
    """Which origins may read our answers; `*` allows all, without credentials. `more`: headers
    that a page may send besides ours, for a host that wants them."""

    origins: tuple[str, ...]
    more: tuple[str, ...] = ()

    def headers(self, request: Headers) -> dict[str, str]:
        """For every answer, errors too (COR-03 to COR-06)."""
        if "*" in self.origins:
            return {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": EXPOSED}
        origin = request.get("origin")
        if origin not in self.origins:
            return {"Vary": "Origin"}
        return {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Allow-Credentials": "true",
            "Access-Control-Expose-Headers": EXPOSED,
            "Vary": "Origin",
        }

    def around(self, endpoint: Endpoint) -> Endpoint:
        """A Starlette endpoint that pages of these origins may ask, with its preflight; and no
        browser guesses the type of what it answers (COR-07)."""

        async def answered(request: Request) -> Response:
            given = Headers(request.scope["headers"])
            if request.method == "OPTIONS":
                return Response(status_code=204, headers=self.preflight(given))
            response = await endpoint(request)
            response.headers.update(self.headers(given))
            response.headers["X-Content-Type-Options"] = "nosniff"
            return response

        return answered

    def preflight(self, request: Headers) -> dict[str, str]:
        """More, for OPTIONS (COR-01, COR-02)."""
        return {
            **self.headers(request),
            "Access-Control-Allow-Methods": METHODS,
            "Access-Control-Allow-Headers": ", ".join((ALLOWED, *self.more)),
            "Access-Control-Max-Age": str(REMEMBER),
        }
