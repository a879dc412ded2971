"""Files that mean harm, built by hand: small on disk, large or slow for whoever believes them."""

import struct
import zlib
from io import BytesIO

from PIL import Image

EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9999 9999\nshowpage\n"
SVG = b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>'
HTML = b"<!doctype html><title>photo</title><script>alert(1)</script>"
PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\n"
ELF = b"\x7fELF\x02\x01\x01" + bytes(57)
TEXT = b"just a text, named .jpg"
TIFF = b"II*\0\x08\0\0\0" + bytes(64)
BMP = b"BM" + bytes(64)
PSD = b"8BPS\0\x01" + bytes(64)
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64)
MP4 = b"\0\0\0\x18ftypisom\0\0\0\0isomiso2" + bytes(64)


def encoded(image: Image.Image, format: str, **options: object) -> bytes:
    out = BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def resized_jpeg(data: bytes, width: int, height: int) -> bytes:
    """The JPEG with a frame header that claims another size."""
    at = next(at for at in range(len(data)) if data[at : at + 2] in {b"\xff\xc0", b"\xff\xc2"})
    return data[: at + 5] + struct.pack(">HH", height, width) + data[at + 9 :]


def jpeg_bomb(width: int, height: int, *, progressive: bool, scan: int = 0) -> bytes:
    """Some hundred bytes, and `scan` bytes of nothing, that claim a picture of any size."""
    seed = encoded(Image.new("RGB", (16, 16)), "JPEG", progressive=progressive, subsampling=2)
    return resized_jpeg(seed[:-2] + bytes(scan) + seed[-2:], width, height)


def many_scans(count: int, size: tuple[int, int]) -> bytes:
    """A progressive JPEG whose last scan comes `count` times."""
    data = encoded(Image.new("L", size, 99), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * count + data[-2:]


def hidden_scans(count: int) -> bytes:
    """A sequential JPEG that begins like one of several scans and then repeats one of all."""
    data = encoded(Image.effect_noise((64, 64), 60).convert("RGB"), "JPEG", subsampling=0)
    at = data.index(b"\xff\xda")
    first = b"\xff\xda\0\x08\x01\x01\0\0\x3f\0" + b"\0" * 8
    return data[:at] + first + data[at:-2] * count + data[-2:]


def filled_jpeg(size: int) -> bytes:
    """A JPEG header followed by nothing but fill bytes."""
    return b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0" + b"\xff" * size + b"\0"


def many_segments(count: int) -> bytes:
    """A JPEG with empty comments before its picture."""
    seed = encoded(Image.new("RGB", (16, 16)), "JPEG")
    return seed[:2] + b"\xff\xfe\0\x02" * count + seed[2:]


def png(width: int, height: int, *, colour: int = 2, chunks: bytes = b"") -> bytes:
    """A PNG of black rows; `colour` is the type of IHDR (0 grey, 2 RGB, 6 RGBA)."""
    samples = {0: 1, 2: 3, 6: 4}[colour]
    packer = zlib.compressobj(9)
    row = bytes(1 + width * samples)
    packed = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunks + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def png_claiming(width: int, height: int) -> bytes:
    """A PNG header without the rows that it promises."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def text_bomb(inflated: int) -> bytes:
    """A small picture with a compressed text of `inflated` bytes."""
    return png(8, 8, chunks=chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(inflated), 9)))


def profile_bomb(inflated: int) -> bytes:
    """A small picture with a compressed colour profile of `inflated` bytes."""
    return png(8, 8, chunks=chunk(b"iCCP", b"icc\0\0" + zlib.compress(bytes(inflated), 9)))


def webp_claiming(width: int, height: int) -> bytes:
    """An extended WebP header; decoders take memory for its canvas at once."""
    sizes = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    still = encoded(Image.new("RGB", (16, 16)), "WEBP")[12:]
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + sizes + still
    return b"RIFF" + struct.pack("<I", len(body)) + body


def gif_claiming(width: int, height: int) -> bytes:
    data = encoded(Image.new("P", (16, 16)), "GIF")
    return data[:6] + struct.pack("<HH", width, height) + data[10:]


def avif_claiming(width: int, height: int) -> bytes:
    data = encoded(Image.new("RGB", (16, 16)), "AVIF", speed=10)
    at = data.index(b"ispe") + 8
    return data[:at] + struct.pack(">II", width, height) + data[at + 8 :]


def gif_of_frames(count: int) -> bytes:
    """A GIF of tiny frames: cheap to write, endless for who counts them."""
    first = encoded(Image.new("P", (16, 16), 1), "GIF")
    start = first.rindex(b"\x2c")
    return first[:-1] + first[start:-1] * (count - 1) + first[-1:]
