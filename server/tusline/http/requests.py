"""One HTTP request of a raw ASGI application, as values."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from tusline.checksums import UPLOAD_CHECKSUM, Verifier
from tusline.errors import BadRequest, MethodNotAllowed
from tusline.headers import Headers, names, parse_count, parse_key

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

TRAILERS = "tusline.trailers"
"""ASGI extension of a server that keeps trailers: `headers` is a list like the scope's own, into
which they are put before the last `http.request` message."""

METHODS = frozenset({"OPTIONS", "POST", "HEAD", "PATCH", "DELETE", "GET"})


def trailers_of(scope: Scope) -> list[tuple[bytes, bytes]] | None:
    """Where a request's trailers will be, or None under a server that does not keep them."""
    extension = (scope.get("extensions") or {}).get(TRAILERS)
    return extension["headers"] if extension else None


class Request:
    """`method` is what the client means: X-HTTP-Method-Override counts (CORE-10), in any case,
    on any real method but OPTIONS."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.headers = Headers(scope["headers"])
        self.path: str = scope["path"]
        real: str = scope["method"]
        self.peer: str | None = scope["client"][0] if scope.get("client") else None
        override = self.headers.get("x-http-method-override")
        self.method = override.strip().upper() if override and real != "OPTIONS" else real

    def must_be(self, *methods: str) -> None:
        """Raises MethodNotAllowed."""
        if self.method not in methods:
            raise MethodNotAllowed(f"{self.method[:20]} is not for this address")

    @property
    def chunked(self) -> bool:
        """Raises BadRequest for another coding: its bytes would not be the file's."""
        coding = self.headers.get("transfer-encoding")
        if coding is not None and coding.strip().lower() != "chunked":
            raise BadRequest("the only Transfer-Encoding is chunked", code="bad-header")
        return coding is not None

    @property
    def body_length(self) -> int | None:
        """Bytes of the body, 0 where there is none, None for a chunked one."""
        if self.chunked:
            return None
        return parse_count("Content-Length", self.headers.get("content-length") or "0")

    @property
    def has_body(self) -> bool:
        return self.body_length != 0

    def verifier(self) -> Verifier | None:
        """For the body, if it comes with a checksum (CHK-02, CHK-13). Raises BadRequest."""
        value = self.headers.get(UPLOAD_CHECKSUM)
        if UPLOAD_CHECKSUM not in names(self.headers.get("trailer")):
            return None if value is None else Verifier.of_header(value)
        trailers = trailers_of(self.scope)
        if trailers is None:
            raise BadRequest("trailers are not taken here", code="unsupported-checksum")
        if value is not None:
            raise BadRequest("Upload-Checksum is a header or a trailer", code="bad-checksum")
        if not self.chunked:
            raise BadRequest("only a chunked body has trailers", code="bad-checksum")
        return Verifier.of_trailer(trailers)

    @property
    def idempotency_key(self) -> str | None:
        """The client's own name for a creation. Raises BadRequest."""
        value = self.headers.get("idempotency-key")
        return None if value is None else parse_key(value)

    def count(self, name: str) -> int | None:
        """A header that holds a non-negative integer. Raises BadRequest."""
        value = self.headers.get(name.lower())
        return None if value is None else parse_count(name, value)

    def need_count(self, name: str) -> int:
        """Raises BadRequest when it is missing, too."""
        value = self.count(name)
        if value is None:
            raise BadRequest(f"{name} is missing", code="missing-header")
        return value
