"""Concatenation: what `Upload-Concat` says, and whether its members can be joined (pure)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote, unquote, urljoin, urlsplit

from tusline import rules
from tusline.errors import BadRequest
from tusline.upload import ID, Upload, UploadId

PARTIAL = "partial"
FINAL = "final;"

MEMBERS = 256
"""Members that a final upload may have: all of their URLs stand in one header, which each HEAD of
the final upload echoes."""

HEADER_BYTES = 32 * 1024
"""Longest Upload-Concat: it is kept with the record and echoed by every HEAD."""

FINALS = 100
"""Pending final uploads that may wait for the same partial one."""

_VISIBLE = re.compile(r"[!-~]+", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Concat:
    """An `Upload-Concat` header: `value` as received, and the members of a final upload in the
    order named (none: a partial upload)."""

    value: str
    members: tuple[UploadId, ...]


def parse_concat(value: str, mounts: Sequence[str]) -> Concat:
    """`partial`, or `final;` and a list of URLs (CAT-05).

    `mounts` are the paths, percent-decoded and without a slash at the end, under which a client
    may know the creation URL; the first of them is what relative URLs count from. Raises
    BadRequest.
    """
    if len(value) > HEADER_BYTES:
        raise BadRequest(f"Upload-Concat may have {HEADER_BYTES} bytes", code="too-many-members")
    if value == PARTIAL:
        return Concat(value=value, members=())
    if not value.startswith(FINAL):
        raise BadRequest("Upload-Concat is neither partial nor final;URL ...", code="bad-concat")
    references = [word for word in value.removeprefix(FINAL).split(" ") if word]
    if not references:
        raise BadRequest("Upload-Concat names no partial upload", code="bad-concat")
    if len(references) > MEMBERS:
        raise BadRequest(f"a final upload may have {MEMBERS} partial ones", code="too-many-members")
    members = tuple(_member(reference, mounts) for reference in references)
    return Concat(value=value, members=members)


def _member(reference: str, mounts: Sequence[str]) -> UploadId:
    """The upload that a URL names, by its path alone: scheme, host and query do not count, since
    behind a proxy they differ from what we see, and nothing is ever fetched (CAT-07)."""
    for path in _paths(reference, mounts[0]):
        for mount in mounts:
            id = path.removeprefix(f"{mount}/")
            if id != path and ID.fullmatch(id):
                return UploadId(id)
    raise BadRequest(f"{reference[:200]} is no URL of an upload here", code="bad-concat")


def _paths(reference: str, mount: str) -> list[str]:
    """The paths that a URL may mean. A relative one counts from the creation URL, with or without
    the slash at its end: clients see both."""
    if _VISIBLE.fullmatch(reference) is None:
        return []
    try:
        parts = urlsplit(reference)
    except ValueError:
        return []
    if parts.scheme or parts.netloc or parts.path.startswith("/"):
        return [unquote(parts.path)]
    base = quote(mount)
    return [unquote(urljoin(known, parts.path)) for known in (f"{base}/", base)]


# --- the members ---------------------------------------------------------------------------------


class Standing(StrEnum):
    """How the members of a final upload stand together."""

    READY = "ready"
    WAITING = "waiting"
    GONE = "gone"


def must_be_partial(member: Upload | None, id: UploadId, *, owner: str, now: float) -> Upload:
    """The member of a new final upload.

    Raises BadRequest for what is unknown, over or somebody else's (CAT-08, CAT-24), for what is
    no partial upload (CAT-21), and when too many final uploads wait for it.
    """
    if member is None or member.owner != owner or rules.is_over(member, now=now):
        raise BadRequest(f"there is no partial upload {id}", code="unknown-member")
    if not member.partial:
        raise BadRequest(f"{id} is no partial upload", code="not-partial")
    if len(member.finals) >= FINALS:
        raise BadRequest(f"too many final uploads wait for {id}", code="too-many-finals")
    return member


def standing(members: Sequence[Upload | None], now: float) -> Standing:
    """Whether the members can be joined: now, later, or never (None: there is no record)."""
    living = [m for m in members if m is not None and not rules.is_over(m, now=now)]
    if len(living) < len(members):
        return Standing.GONE
    return Standing.READY if all(member.complete for member in living) else Standing.WAITING


def total(members: Sequence[Upload]) -> int | None:
    """The length of their concatenation in bytes (CAT-04); None while one is unknown (CAT-17)."""
    lengths = [member.length for member in members]
    known = [length for length in lengths if length is not None]
    return sum(known) if len(known) == len(lengths) else None
