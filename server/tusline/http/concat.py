"""`Upload-Concat` on a request, and the creation of a final upload."""

from tusline.concat import Concat, parse_concat
from tusline.errors import BadRequest, Forbidden
from tusline.http.address import Addresses
from tusline.http.requests import Request
from tusline.rules import Creation


def concat_of(request: Request, addresses: Addresses) -> Concat | None:
    """What the header says, if there is one. Raises BadRequest."""
    value = request.headers.get("upload-concat")
    return None if value is None else parse_concat(value, addresses.mounts(request))


def final_creation(request: Request, concat: Concat) -> Creation:
    """A final upload takes neither a body, as with PATCH (CAT-20), nor a length (CAT-09); and no
    checksum, which would seem to be the whole file's and would not be checked.

    Raises Forbidden, BadRequest.
    """
    if request.has_body:
        raise Forbidden("a final upload takes its members' bytes only", code="final-upload")
    if {"upload-length", "upload-defer-length"} & request.headers.values.keys():
        raise BadRequest("a final upload is as long as its members", code="final-length")
    if "upload-checksum" in request.headers.values:
        raise BadRequest(
            "a final upload's request has no bytes to check: give checksums with its parts",
            code="final-checksum",
        )
    return Creation(
        length=None,
        metadata=request.headers.get("upload-metadata"),
        body=0,
        key=request.idempotency_key,
        concat=concat.value,
        members=concat.members,
    )
