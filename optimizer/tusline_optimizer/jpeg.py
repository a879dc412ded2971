"""JPEG without pixels: its segments, what decoding it costs, and its scan data without metadata."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tusline_optimizer.refusals import Refused

MAX_SEGMENTS: Final = 4096
"""More marker segments than any camera writes; each one costs Pillow a turn of a slow loop."""

BLOCK: Final = 64
"""Samples that are coded together."""

_EOI: Final = 0xD9
_SOS: Final = 0xDA
_APP0: Final = 0xE0
_APP14: Final = 0xEE
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE: Final = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_ARITHMETIC: Final = 0xC9
_PICTURE: Final = _FRAMES | {_SOS, 0xC4, 0xCC, 0xDB, 0xDC, 0xDD}
"""Markers that decoding needs: frame, scans, tables (DHT, DAC, DQT), line count, restarts."""

# Neither stuffed zeros, fill bytes, nor the markers that stand alone within a scan.
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")

# The luma table of the JPEG standard, Annex K, in natural order: quality 50 of every encoder
# that follows the Independent JPEG Group's.
_LUMA: Final = (
    *(16, 11, 10, 16, 24, 40, 51, 61),
    *(12, 12, 14, 19, 26, 58, 60, 55),
    *(14, 13, 16, 24, 40, 57, 69, 56),
    *(14, 17, 22, 29, 51, 87, 80, 62),
    *(18, 22, 37, 56, 68, 109, 103, 77),
    *(24, 35, 55, 64, 81, 104, 113, 92),
    *(49, 64, 78, 87, 103, 121, 120, 101),
    *(72, 92, 95, 98, 112, 100, 103, 99),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One marker with its parameters, bytes [start, stop) of the file; a scan holds its data."""

    marker: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What the header says about decoding: pixels as stored, and the bytes of coefficients that
    the decoder keeps from scan to scan (none where one scan is the picture)."""

    width: int
    height: int
    coefficients: int


def segments(data: bytes) -> Iterator[Segment]:
    """The segments up to the first end of image; what follows it (previews, films) is not ours.

    Raises Refused for a segment that is cut off, and for an absurd number of them.
    """
    found = _MARKER.search(data, 2)
    for _ in range(MAX_SEGMENTS):
        if found is None or data[found.end() - 1] == _EOI:
            return
        start, after = found.span()
        stop = after + max(2, int.from_bytes(data[after : after + 2], "big"))
        if stop > len(data):
            raise Refused("broken", f"JPEG segment at byte {start} is cut off")
        found = _MARKER.search(data, stop)
        if data[after - 1] == _SOS:
            stop = found.start() if found else len(data)
        yield Segment(marker=data[after - 1], start=start, stop=stop)
    raise Refused("broken", f"more than {MAX_SEGMENTS} JPEG segments")


def read_frame(data: bytes, *, max_scans: int) -> Frame:
    """Read the header, and count the scans of a file whose decoder wants them all.

    Raises Refused: broken, or too_many_scans above `max_scans`.
    """
    header: Segment | None = None
    scans = 0
    for segment in segments(data):
        if segment.marker in _FRAMES and header is None:
            header = segment
        if segment.marker == _SOS and header is not None:
            scans += 1
            if scans == 1 and not _wants_more(data, header, segment):
                return _frame(data, header, buffered=False)
            if scans > max_scans:
                raise Refused("too_many_scans", f"more than {max_scans}")
    if header is None or not scans:
        raise Refused("broken", "JPEG without a picture")
    return _frame(data, header, buffered=True)


def _wants_more(data: bytes, header: Segment, first: Segment) -> bool:
    """Whether the decoder keeps the whole picture and goes on to the last scan."""
    components = data[header.start + 9]
    return header.marker in _PROGRESSIVE or data[first.start + 4] < components


def _frame(data: bytes, header: Segment, *, buffered: bool) -> Frame:
    """A block's Huffman code takes a bit at least; decoders fill in what is missing with grey."""
    body = data[header.start + 4 : header.stop]
    height, width = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
    factors = [(code >> 4, code & 15) for code in body[7::3]]
    widest, tallest = max(h for h, _ in factors), max(v for _, v in factors)
    if not width or not height or not widest or not tallest:
        raise Refused("broken", "JPEG of no size")
    samples = width * height * sum(h * v for h, v in factors) // (widest * tallest)
    if header.marker < _ARITHMETIC and samples // BLOCK > len(data) * 8:
        raise Refused("broken", f"{len(data)} bytes for {width} x {height} pixels")
    kept = samples * 2 if buffered else 0
    return Frame(width=width, height=height, coefficients=kept)


def strip(data: bytes) -> bytes:
    """The same picture without metadata: scans, tables and frame, byte for byte.

    What stays beside them is the colour transform (Adobe) and the bare density (JFIF).
    """
    pieces = [data[:2]]
    for segment in segments(data):
        piece = data[segment.start : segment.stop]
        if segment.marker in _PICTURE:
            pieces.append(piece)
        elif segment.marker == _APP0 and piece[4:9] == b"JFIF\0" and len(piece) >= 18:
            pieces.append(b"\xff\xe0\0\x10" + piece[4:16] + b"\0\0")  # its thumbnail: 0 x 0
        elif segment.marker == _APP14 and piece[4:9] == b"Adobe":
            pieces.append(b"\xff\xee\0\x0e" + piece[4:16])
    return b"".join([*pieces, b"\xff\xd9"])


def quality(luma: Sequence[int]) -> int:
    """The quality 1-100 that a luma quantisation table stands for, on the usual scale."""
    steps = sum(100 * step / usual for step, usual in zip(luma, _LUMA, strict=True)) / len(_LUMA)
    estimate = (200 - steps) / 2 if steps <= 100 else 5000 / steps
    return max(1, min(100, round(estimate)))
