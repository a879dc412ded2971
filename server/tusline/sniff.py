"""Which media type a file is, by its first bytes."""

AVIF_BRANDS = frozenset({b"avif", b"avis"})
HEIC_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"})

KINDS = frozenset(
    {"image/jpeg", "image/png", "image/webp", "image/gif", "image/avif", "image/heic"}
)
"""Every type that a file can be found to be: no other can be asked for."""

ALIASES = {"image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg", "image/heif": "image/heic"}
"""Other names under which clients announce the types that we sniff."""


def sniff(head: bytes) -> str | None:
    """The media type of a file that begins with `head` (HEAD_BYTES are enough), or None."""
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp":
        return _of_brands(head)
    return None


def _of_brands(head: bytes) -> str | None:
    """An ISO media file names its kind by a major brand and compatible ones (ISO 14496-12)."""
    box = head[: int.from_bytes(head[:4], "big")]
    brands = {box[8:12]} | {box[at : at + 4] for at in range(16, len(box) - 3, 4)}
    if brands & AVIF_BRANDS:
        return "image/avif"
    if brands & HEIC_BRANDS:
        return "image/heic"
    return None
