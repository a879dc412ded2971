"""Text of tus headers to values and back: pure, and strict where the protocol is."""

import binascii
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from types import MappingProxyType

from tusline.errors import BadRequest

VERSION = "1.0.0"
OFFSET_OCTETS = "application/offset+octet-stream"
LARGEST = 2**63 - 1
LAST_DATE = 253402300799
"""The end of the year 9999 in seconds since the epoch: the format has four digits."""

_COUNT = re.compile(r"[0-9]{1,19}", re.ASCII)
_KEY = re.compile(r"[!-+\--~]+", re.ASCII)  # visible ASCII but space and comma

# Whole groups and right padding: the library's own strictness lets excess padding pass.
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", re.ASCII)


_BARE_KEY = re.compile(r'(?!")[!-~]{16,128}', re.ASCII)
_QUOTED_KEY = re.compile(r'"((?:[!#-\[\]-~]|\\["\\]){16,128})"', re.ASCII)


class Headers:
    """Request headers by lower-case name. Repeated ones are joined by ", " (RFC 9110, 5.3)."""

    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        values: dict[str, list[str]] = {}
        for name, value in raw:
            values.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
        self.values: Mapping[str, str] = MappingProxyType(
            {name: ", ".join(parts) for name, parts in values.items()}
        )

    def get(self, name: str) -> str | None:
        """The value of a header, by its lower-case name."""
        return self.values.get(name)

    def __contains__(self, name: str) -> bool:
        return name in self.values


def parse_count(name: str, value: str) -> int:
    """An integer of 0..2^63-1 in plain decimal digits (CORE-02, CORE-03). Raises BadRequest."""
    if _COUNT.fullmatch(value) is None or (count := int(value)) > LARGEST:
        raise BadRequest(f"{name} must be a non-negative integer", code="bad-header")
    return count


def parse_deferred(value: str) -> bool:
    """`Upload-Defer-Length`: only "1" is allowed (CRE-04). Raises BadRequest."""
    if value != "1":
        raise BadRequest("Upload-Defer-Length must be 1", code="bad-header")
    return True


def parse_key(value: str) -> str:
    """`Idempotency-Key`: 16 to 128 visible ASCII characters, bare or as the string of a structured
    field (RFC 9651), as draft-ietf-httpapi-idempotency-key-header has it. Raises BadRequest."""
    if _BARE_KEY.fullmatch(value):
        return value
    if quoted := _QUOTED_KEY.fullmatch(value):
        return re.sub(r"\\(.)", r"\1", quoted[1])
    raise BadRequest(
        "Idempotency-Key must have 16 to 128 visible ASCII characters", code="bad-idempotency-key"
    )


def parse_metadata(value: str) -> dict[str, bytes]:
    """`Upload-Metadata`: a comma list of `key` or `key base64` (CRE-08 to CRE-13).

    An empty value is no metadata (tuspy sends one); empty elements are ignored. Raises BadRequest
    for a bad key, a bad value and a key given twice.
    """
    metadata: dict[str, bytes] = {}
    for element in (part.strip(" \t") for part in value.split(",")):
        if not element:
            continue
        key, _, encoded = element.partition(" ")
        if _KEY.fullmatch(key) is None:
            raise BadRequest("Upload-Metadata has a bad key", code="bad-metadata")
        if key in metadata:
            raise BadRequest(f"Upload-Metadata has the key {key} twice", code="bad-metadata")
        decoded = from_base64(encoded)
        if decoded is None:
            raise BadRequest(
                f"Upload-Metadata has a value that is no base64, at key {key}", code="bad-metadata"
            )
        metadata[key] = decoded
    return metadata


def from_base64(text: str) -> bytes | None:
    """The bytes of base64 with its padding and without blanks; None for any other text."""
    return binascii.a2b_base64(text) if _BASE64.fullmatch(text) else None


def metadata_text(raw: str | None, key: str) -> str | None:
    """A metadata value as text for people and types; None when missing, empty or no UTF-8."""
    if not raw:
        return None
    try:
        return parse_metadata(raw).get(key, b"").decode("utf-8") or None
    except (BadRequest, UnicodeDecodeError):
        return None


def names(value: str | None) -> frozenset[str]:
    """A comma list of field names, as in `Trailer`, in lower case."""
    return frozenset(name.strip().lower() for name in (value or "").split(","))


def media_type(value: str | None) -> str:
    """A Content-Type without parameters, in lower case; "" when there is none."""
    return (value or "").partition(";")[0].strip().lower()


def http_date(seconds: float) -> str:
    """IMF-fixdate of a time in seconds since the epoch (EXP-06); later ones are LAST_DATE."""
    return format_datetime(datetime.fromtimestamp(int(min(seconds, LAST_DATE)), UTC), usegmt=True)
