"""The steps from a file to one upright sRGB bitmap, each a small function of images."""

from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from io import BytesIO
from math import ceil, floor
from typing import BinaryIO, Final

from PIL import (
    AvifImagePlugin,
    GifImagePlugin,
    Image,
    ImageCms,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)

from tusline_optimizer.recipes import Size

Box = tuple[float, float, float, float]

BAND: Final = 128
"""Rows resized at a time: the intermediate of a whole resize would cost as much as the result."""

MARGIN: Final = 4
"""Rows of the result whose sources Lanczos sees on each side: its 3, and one for rounding."""

MAX_PROFILE: Final = 4 * 1024 * 1024
"""Bytes of a colour profile above which it is ignored; the largest printing profiles have 3 MB."""

BACKGROUND: Final = (255, 255, 255)
"""What shows through transparent pixels."""

_ORIENTATION: Final = 0x0112
_SIDEWAYS: Final = frozenset({5, 6, 7, 8})
_UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

PLUGINS: Final = (
    *(AvifImagePlugin, GifImagePlugin, JpegImagePlugin),
    *(MpoImagePlugin, PngImagePlugin, WebPImagePlugin),
)
"""Imported here: `Image.open` with an allow-list raises KeyError for a plugin it has not met."""

AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # one image, one core: the pool runs several at a time


def _register_heif() -> bool:
    if find_spec("pi_heif") is None:
        return False
    import_module("pi_heif").register_heif_opener(
        thumbnails=False, depth_images=False, aux_images=False, decode_threads=1
    )
    return True


READS_HEIF: Final = _register_heif()
"""Whether HEIC photos can be read: the `heic` extra is installed."""


def open_image(file: BinaryIO, name: str) -> Image.Image:
    """Read the header as the format `name` and as nothing else; no pixels yet."""
    file.seek(0)
    return Image.open(file, formats=(name,))


def orientation(image: Image.Image) -> int:
    """The EXIF orientation 1-8; 1 for whatever makes no sense."""
    try:
        # Not the method of PngImageFile: to find EXIF behind the pixels, it decodes them.
        value = Image.Image.getexif(image).get(_ORIENTATION, 1)
    except Exception:  # a hostile EXIF block raises nearly anything
        return 1
    return value if value in _UPRIGHT else 1


def turned(size: Size, orientation: int) -> Size:
    """The size after orientation, or back again."""
    return (size[1], size[0]) if orientation in _SIDEWAYS else size


def decode(image: Image.Image, target: Size) -> tuple[Image.Image, Box]:
    """Load the first frame, a JPEG at the smallest scale that is not below `target`.

    The box says which part of the loaded bitmap is the picture: a scaled JPEG may have a
    fraction of a row or column too many.
    """
    drafted = image.draft(None, target)
    image.load()
    return image, drafted[1] if drafted else (0, 0, *image.size)


def normalise(image: Image.Image) -> Image.Image:
    """The modes that the next steps know: L, RGB, CMYK, and RGBa (premultiplied) for all alpha."""
    if is_normal(image):
        return image
    if image.mode.startswith("I"):
        # 16 bits: `convert` would clip them, not scale them.
        return image.point(lambda value: value * (1 / 256)).convert("L")
    if image.mode in {"LA", "PA"} or "transparency" in image.info:
        image = image.convert("RGBA")
    if image.mode == "RGBA":
        return image.convert("RGBa")
    return image.convert("L" if image.mode == "1" else "RGB")


def is_normal(image: Image.Image) -> bool:
    return image.mode in {"L", "RGB", "CMYK"} and "transparency" not in image.info


def shrink(image: Image.Image, size: Size, box: Box, *, gap: float | None) -> Image.Image:
    """The box of the image, normalised, by Lanczos to `size`. `gap` lets large ratios average
    first. A band of rows at a time: whole, normalising and resizing each take another bitmap."""
    whole: Box = (0, 0, *image.size)
    if size == image.size and box == whole:
        return normalise(image)
    first = _band(image, size, box, 0, gap)
    result = Image.new(first.mode, size)
    result.paste(first)
    for at in range(BAND, size[1], BAND):
        result.paste(_band(image, size, box, at, gap), (0, at))
    return result


def _band(image: Image.Image, size: Size, box: Box, at: int, gap: float | None) -> Image.Image:
    """Rows [at, at + BAND) of the result."""
    left, top, right, bottom = box
    ratio = (bottom - top) / size[1]
    rows = min(BAND, size[1] - at)
    start = top + at * ratio
    stop = min(bottom, start + rows * ratio)
    if not is_normal(image):
        first = max(0, floor(start - MARGIN * ratio))
        last = min(image.height, ceil(stop + MARGIN * ratio))
        image = normalise(image.crop((0, first, image.width, last)))
        start, stop = start - first, stop - first
    part = (left, start, right, stop)
    return image.resize((size[0], rows), Image.Resampling.LANCZOS, part, gap)


def flatten(image: Image.Image) -> Image.Image:
    """Premultiplied alpha onto the background."""
    if image.mode != "RGBa":
        return image
    image = image.convert("RGBA")
    result = Image.new("RGB", image.size, BACKGROUND)
    result.paste(image, mask=image.getchannel("A"))
    return result


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The same colours in sRGB, as L or RGB; a profile that cannot be used is ignored."""
    transform = _transform(profile, image.mode) if profile else None
    if transform is not None and image.mode == "RGB":
        ImageCms.applyTransform(image, transform, inPlace=True)
    elif transform is not None:
        converted = ImageCms.applyTransform(image, transform)
        assert converted is not None  # only in place answers None
        return converted.convert("L") if image.mode == "L" else converted
    return image if image.mode in {"L", "RGB"} else image.convert("RGB")


def other_than_srgb(profile: bytes) -> ImageCms.ImageCmsProfile | None:
    """The profile, or None if it calls itself sRGB or is junk."""
    if len(profile) > MAX_PROFILE:
        return None
    try:
        found = ImageCms.getOpenProfile(BytesIO(profile))
        return None if "sRGB" in ImageCms.getProfileDescription(found) else found
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


@lru_cache(maxsize=4)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    source = other_than_srgb(profile)
    if source is None:
        return None
    intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
    try:
        srgb = ImageCms.createProfile("sRGB")
        return ImageCms.buildTransform(source, srgb, mode, "RGB", intent)
    except ImageCms.PyCMSError:  # a profile for another mode
        return None


def upright(image: Image.Image, orientation: int) -> Image.Image:
    turn = _UPRIGHT.get(orientation)
    return image if turn is None else image.transpose(turn)
