"""Checksums as clients send them, computed with nothing of the server's."""

import base64
import hashlib
import struct
import zlib
from collections.abc import Callable

from support import tus

POLYNOMIAL = 0x82F63B78
"""Castagnoli's, bits reversed (RFC 3720, appendix B.4)."""


def crc32c(data: bytes) -> int:
    """Bit by bit, as the polynomial is defined: slow and plain."""
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (POLYNOMIAL if value & 1 else 0)
    return value ^ 0xFFFFFFFF


DIGESTS: dict[str, Callable[[bytes], bytes]] = {
    "sha1": lambda data: hashlib.sha1(data).digest(),
    "sha256": lambda data: hashlib.sha256(data).digest(),
    "sha512": lambda data: hashlib.sha512(data).digest(),
    "md5": lambda data: hashlib.md5(data).digest(),
    "crc32": lambda data: struct.pack(">I", zlib.crc32(data)),
    "crc32c": lambda data: struct.pack(">I", crc32c(data)),
}


def checksum(data: bytes, algorithm: str = "sha1") -> str:
    """An Upload-Checksum value."""
    return f"{algorithm} {base64.b64encode(DIGESTS[algorithm](data)).decode()}"


def header(data: bytes, algorithm: str = "sha1") -> dict[str, str]:
    return {"Upload-Checksum": checksum(data, algorithm)}


ANNOUNCED = {"Transfer-Encoding": "chunked", "Trailer": "Upload-Checksum"}
"""The head's part of a checksum that follows a chunked body."""


DATA = hashlib.shake_128(b"checksum").digest(300_000)
WRONG = header(b"something else")


def stored(url: str) -> bytes:
    """The content of a finished upload."""
    answer = tus.request("GET", url)
    assert answer.status == 200
    return answer.body


def is_untouched(url: str, offset: int) -> None:
    """The upload has `offset` bytes of DATA, can go on, and ends as it should."""
    assert tus.head(url).offset == offset
    assert tus.patch(url, offset, DATA[offset:], header(DATA[offset:])).status == 204
    assert stored(url) == DATA


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def last_chunk(*trailers: str) -> bytes:
    """The end of a chunked body; each trailer is a field line without its end."""
    return "\r\n".join(["0", *trailers, "", ""]).encode("latin-1")
