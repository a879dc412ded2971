"""An image's own data without its metadata: the variant that is never larger than the input."""

from collections.abc import Iterator
from typing import Final

from tusline_optimizer import jpeg

_PNG_KEPT: Final = frozenset(
    {b"IHDR", b"PLTE", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"IDAT", b"IEND"}
)
_WEBP_KEPT: Final = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH"})
_WEBP_ALPHA: Final = 0x10
"""The one flag of VP8X that still holds: not ICC, EXIF, XMP or animation."""

_GIF_EXTENSION: Final = 0x21
_GIF_GRAPHIC_CONTROL: Final = 0xF9


def copy(format: str, data: bytes) -> bytes | None:
    """The first picture in `data` without metadata, or None where that cannot be cut out.

    The caller has decoded the picture, so the file is known to be whole; and it comes with an
    AVIF only if that has no metadata, with a WebP only if that is still.
    """
    match format:
        case "JPEG":
            return jpeg.strip(data)
        case "PNG":
            return _png(data)
        case "WEBP":
            return _webp(data)
        case "GIF":
            return _gif(data)
        case "AVIF":
            return data
        case _:
            return None


def _png(data: bytes) -> bytes:
    """Critical chunks and those that colours depend on; an APNG keeps its default image."""
    pieces = [data[:8]]
    at = 8
    while at + 12 <= len(data):
        stop = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] in _PNG_KEPT:
            pieces.append(data[at:stop])
        at = stop
    return b"".join(pieces)


def _webp(data: bytes) -> bytes:
    pieces = []
    for name, body in _riff_chunks(data):
        if name in _WEBP_KEPT:
            kept = bytes([body[0] & _WEBP_ALPHA]) + body[1:] if name == b"VP8X" else body
            pieces.append(name + len(kept).to_bytes(4, "little") + kept + b"\0" * (len(kept) % 2))
    content = b"WEBP" + b"".join(pieces)
    return b"RIFF" + len(content).to_bytes(4, "little") + content


def _riff_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        yield data[at : at + 4], data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def _gif(data: bytes) -> bytes:
    """Header, global colours, the first frame and its transparency."""
    at = 13 + _gif_table(data[10])
    pieces = [data[:at]]
    while data[at] == _GIF_EXTENSION:
        stop = _gif_blocks_end(data, at + 2)
        if data[at + 1] == _GIF_GRAPHIC_CONTROL:
            pieces.append(data[at:stop])
        at = stop
    image = at + 10 + _gif_table(data[at + 9]) + 1
    return b"".join([*pieces, data[at : _gif_blocks_end(data, image)], b";"])


def _gif_table(flags: int) -> int:
    """Bytes of the colour table that a flags byte announces."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _gif_blocks_end(data: bytes, at: int) -> int:
    while data[at]:
        at += 1 + data[at]
    return at + 1
