"""The kinds of image that are read and written, and how their first bytes tell them apart."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """`name` is Pillow's name of the format; `suffix` has no dot."""

    name: str
    content_type: str
    suffix: str


FORMATS: Final[dict[str, Format]] = {
    known.name: known
    for known in (
        Format(name="JPEG", content_type="image/jpeg", suffix="jpg"),
        Format(name="PNG", content_type="image/png", suffix="png"),
        Format(name="WEBP", content_type="image/webp", suffix="webp"),
        Format(name="GIF", content_type="image/gif", suffix="gif"),
        Format(name="AVIF", content_type="image/avif", suffix="avif"),
        Format(name="HEIF", content_type="image/heic", suffix="heic"),
    )
}
"""The allow-list. HEIF counts only where the pi-heif plugin is installed."""

OPTIMIZED: Final = frozenset({known.content_type for known in FORMATS.values()} | {"image/heif"})
"""Media types that are sent to the optimizer; every other file is stored as it is."""

HEAD_BYTES: Final = 512
"""How much of a file `sniff` wants to see."""

_FOREIGN = (b"BM", b"II*\0", b"MM\0*", b"8BPS", b"\xff\x0a", b"\0\0\0\x0cJXL ", b"\0\0\0\x0cjP  ")
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})


def sniff(head: bytes) -> str | None:
    """The format's name by its magic bytes, or None for what is no known kind of image.

    "FOREIGN" stands for images that we know and do not read.
    """
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WEBP"
    if head[4:8] == b"ftyp":
        return _boxed(head)
    return "FOREIGN" if _foreign(head) else None


def _boxed(head: bytes) -> str | None:
    """AVIF and HEIF share a container; its `ftyp` box lists brands, the major one first."""
    stop = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, stop - 3, 4))]
    if _AVIF_BRANDS.intersection(brands):
        return "AVIF"
    return "HEIF" if _HEIF_BRANDS.intersection(brands) else None


def _foreign(head: bytes) -> bool:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    markup = text.startswith((b"<svg", b"<?xml", b"<!doctype svg")) and b"<svg" in text
    return markup or head.startswith((b"%!PS", *_FOREIGN))
