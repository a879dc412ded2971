"""Camera-like photos made on the spot: the same seed gives the same bytes.

A picture has a bright sky above a dark ground, so that a test can tell which side is up.
"""

import io
import random
from collections.abc import Iterator

from PIL import Image, ImageChops, ImageDraw

TWELVE_MEGAPIXELS = (4000, 3000)

NOISE_TILE = 1024
NOISE = 18
"""Amplitude of the sensor noise, of 128: a 12 MP JPEG at quality 92 then has about 4.5 MB."""

GROUND = 0.6
"""Where the ground begins, as a share of the height."""

STORED_AS: dict[int, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""How a camera held in each EXIF orientation stores an upright picture."""

EXIF_ORIENTATION = 0x0112
EXIF_GPS = 0x8825

START_OF_IMAGE = b"\xff\xd8"
COMMENT = b"\xff\xfe"


def jpeg(
    seed: int,
    *,
    size: tuple[int, int] = TWELVE_MEGAPIXELS,
    quality: int = 92,
    orientation: int = 1,
    gps: bool = False,
) -> bytes:
    """A JPEG as a camera writes it. `size` is that of the upright picture, in pixels."""
    image = picture(seed, size)
    if orientation in STORED_AS:
        image = image.transpose(STORED_AS[orientation])
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, exif=_exif(orientation, gps))
    return out.getvalue()


def encoded(seed: int, form: str, *, size: tuple[int, int] = (1600, 1200)) -> bytes:
    """The picture in another format that Pillow writes: PNG, WEBP, GIF, AVIF."""
    out = io.BytesIO()
    picture(seed, size).convert("RGB").save(out, form)
    return out.getvalue()


def variations(photo: bytes, count: int) -> Iterator[bytes]:
    """`count` different files with the same pixels: each JPEG gets a comment of its own."""
    if not photo.startswith(START_OF_IMAGE):
        raise ValueError("variations are made of a JPEG")
    for number in range(count):
        text = f"variation {number}".encode()
        comment = COMMENT + (len(text) + 2).to_bytes(2, "big") + text
        yield START_OF_IMAGE + comment + photo[2:]


def picture(seed: int, size: tuple[int, int]) -> Image.Image:
    """The upright picture itself, in YCbCr so that a JPEG of it needs no conversion."""
    dice = random.Random(seed)
    luma = ImageChops.add(_scene(dice, size, seed), _noise(dice, size), offset=-128)
    blue = Image.linear_gradient("L").point(lambda v: 154 - v // 6).resize(size)
    red = Image.radial_gradient("L").point(lambda v: 140 - v // 10).resize(size)
    return Image.merge("YCbCr", (luma, blue, red))


def _scene(dice: random.Random, size: tuple[int, int], seed: int) -> Image.Image:
    width, height = size
    image = Image.linear_gradient("L").point(lambda v: 235 - v // 4).resize(size)
    draw = ImageDraw.Draw(image)
    horizon = int(height * GROUND)
    draw.rectangle((0, horizon, width, height), fill=60)
    for _ in range(24):
        x, y = dice.randrange(width), dice.randrange(horizon, height)
        r = dice.randrange(height // 60 + 1, height // 12 + 2)
        draw.ellipse((x - r, y - r, x + r, y + r), fill=dice.randrange(30, 110))
    for _ in range(9):
        x, w = dice.randrange(width), dice.randrange(width // 40 + 1, width // 12 + 2)
        top = dice.randrange(height // 3, horizon)
        draw.rectangle((x, top, x + w, horizon), fill=dice.randrange(90, 180))
    draw.text((width // 20, height // 20), f"tusline {seed}", fill=20, font_size=height // 12)
    return image


def _noise(dice: random.Random, size: tuple[int, int]) -> Image.Image:
    grain = Image.frombytes("L", (NOISE_TILE, NOISE_TILE), dice.randbytes(NOISE_TILE**2))
    grain = grain.point(lambda v: 128 + (v - 128) * NOISE // 128)
    sheet = Image.new("L", size)
    for x in range(0, size[0], NOISE_TILE):
        for y in range(0, size[1], NOISE_TILE):
            sheet.paste(grain, (x, y))
    return sheet


def _exif(orientation: int, gps: bool) -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F] = "tusline"
    exif[0x0110] = "a camera made of numbers"
    exif[0x0132] = "2026:11:21 14:15:00"
    exif[EXIF_ORIENTATION] = orientation
    if gps:
        exif[EXIF_GPS] = {1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)}
    return exif
