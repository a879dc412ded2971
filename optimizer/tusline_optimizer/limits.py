"""What is refused before a pixel is decoded, and how much memory decoding will take."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image

from tusline_optimizer import images, jpeg
from tusline_optimizer.formats import HEAD_BYTES, sniff
from tusline_optimizer.recipes import Recipe, Size, largest
from tusline_optimizer.refusals import Refused

MAX_PIXELS: Final = 250_000_000
"""More than any phone's camera; memory usually sets a lower limit."""

MAX_SIDE: Final = 65_500

MAX_SCANS: Final = 100
"""A progressive JPEG has about ten; each costs a pass over the whole picture."""

_SAMPLE: Final = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2}
"""Bytes that Pillow keeps for a pixel, 4 in every mode not named."""

_DECODERS: Final = {"WEBP": (16.0, 12.0), "AVIF": (12.5, 9.5), "HEIF": (8.0, 6.0)}
"""Bytes a pixel that decoders with planes of their own take at their peak, and still hold while
the result is made (measured)."""

_RESULT: Final = 12
"""Bytes a pixel of the result: it, a turned or flattened copy, and the encoder's coefficients."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What the header tells: pixels as stored, the orientation that turns them upright, and the
    bytes of memory that making the recipes is estimated to take."""

    format: str
    size: Size
    orientation: int
    memory: int


def inspect(path: Path, recipes: tuple[Recipe, ...], *, most: int) -> Header:
    """Read the header of an image, of which decoding may take `most` bytes. Raises Refused."""
    with path.open("rb") as file:
        name = _known(file.read(HEAD_BYTES))
        coefficients = 0
        if name == "JPEG":
            frame = jpeg.read_frame(path.read_bytes(), max_scans=MAX_SCANS)
            _check_size((frame.width, frame.height))
            coefficients = frame.coefficients
        elif name == "WEBP":
            # Pillow's decoder takes memory for its canvases with the header already.
            file.seek(0)
            width, height = _webp_size(file.read(30))
            _check_size((width, height))
            _check_memory(round(width * height * _DECODERS[name][0]), most)
        image = images.open_image(file, name)
        _check_size(image.size)
        size, orientation = image.size, images.orientation(image)
        memory = coefficients + _memory(image, name, orientation, recipes)
        if name in _DECODERS:
            memory += 2 * path.stat().st_size  # read whole, and copied by the decoder
        _check_memory(memory, most)
        return Header(format=name, size=size, orientation=orientation, memory=memory)


def _known(head: bytes) -> str:
    name = sniff(head)
    if name is None:
        raise Refused("not_an_image")
    if name == "FOREIGN" or (name == "HEIF" and not images.READS_HEIF):
        raise Refused("unsupported", name)
    return name


def _check_size(size: Size) -> None:
    width, height = size
    if width * height > MAX_PIXELS or max(size) > MAX_SIDE:
        raise Refused("too_many_pixels", f"{width} x {height}")
    if not width or not height:
        raise Refused("broken", "an image of no size")


def _check_memory(need: int, most: int) -> None:
    if need > most:
        raise Refused("too_much_memory", f"about {need} bytes")


def _webp_size(head: bytes) -> Size:
    """The canvas, from the first chunk of a WebP file."""
    match head[12:16]:
        case b"VP8X":
            return _little(head[24:27]) + 1, _little(head[27:30]) + 1
        case b"VP8L":
            bits = _little(head[21:25])
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 ":
            return _little(head[26:28]) & 0x3FFF, _little(head[28:30]) & 0x3FFF
        case chunk:
            raise Refused("broken", f"WebP begins with {chunk!r}")


def _little(data: bytes) -> int:
    return int.from_bytes(data, "little")


def _memory(image: Image.Image, name: str, orientation: int, recipes: tuple[Recipe, ...]) -> int:
    """Bytes for the bitmap as decoded, a band of it, and the result."""
    result = largest(images.turned(image.size, orientation), recipes)
    if name == "JPEG":
        image.draft(None, images.turned(result, orientation))
    width, height = image.size
    sample = _SAMPLE.get(image.mode, 4)
    peak, held = _DECODERS.get(name, (sample, sample))
    rows = (images.BAND + 2 * images.MARGIN) * height // min(result)
    band = min(height, rows) * width * 8
    later = width * height * held + band + result[0] * result[1] * _RESULT
    return round(max(width * height * peak, later))
