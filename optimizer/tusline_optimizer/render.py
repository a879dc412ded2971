"""From one image to all its variants: decode once, then make every recipe from the bitmap."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from PIL import Image

from tusline_optimizer import images, jpeg
from tusline_optimizer.answers import Rendered
from tusline_optimizer.encode import Original, encode
from tusline_optimizer.limits import Header
from tusline_optimizer.recipes import Recipe, Size, largest
from tusline_optimizer.refusals import Refused

SOURCE_GAP: Final = 3.0
"""How far a source that cannot be decoded at a smaller scale may be averaged before Lanczos."""


def render(path: Path, header: Header, recipes: tuple[Recipe, ...], folder: Path) -> Rendered:
    """Raises Refused when the image is at fault, OSError when the machine is."""
    full = images.turned(header.size, header.orientation)
    target = images.turned(largest(full, recipes), header.orientation)
    with judging():
        bitmap, original = _bitmap(path, header, target)
    outputs = (encode(bitmap, full, original, recipe, folder) for recipe in recipes)
    return Rendered(size=full, outputs=tuple(output for output in outputs if output))


def _bitmap(path: Path, header: Header, target: Size) -> tuple[Image.Image, Original]:
    with path.open("rb") as file:
        image = images.open_image(file, header.format)
        profile = image.info.get("icc_profile")
        original = Original(
            path=path,
            format=header.format,
            size=path.stat().st_size,
            quality=_quality(image),
            copyable=header.orientation == 1 and _copyable(image, header.format, profile),
        )
        image, box = images.decode(image, target)
        gap = None if header.format == "JPEG" else SOURCE_GAP
        picture = images.shrink(image, target, box, gap=gap)
    del image
    picture = images.to_srgb(images.flatten(picture), profile)
    return images.upright(picture, header.orientation), original


def _copyable(image: Image.Image, format: str, profile: bytes | None) -> bool:
    """Whether the file's own pixels, without metadata, look the same everywhere."""
    if profile and images.other_than_srgb(profile):
        return False
    match format:
        case "JPEG":
            return image.mode in {"L", "RGB"}
        case "WEBP":
            return not getattr(image, "is_animated", False)
        case "AVIF":
            return not (getattr(image, "is_animated", False) or {"exif", "xmp"} & image.info.keys())
        case _:
            return True


def _quality(image: Image.Image) -> int | None:
    luma = getattr(image, "quantization", {}).get(0)
    return jpeg.quality(luma) if luma else None


@contextmanager
def judging() -> Iterator[None]:
    """Whatever a decoder raises is the image's fault, but for an error of the system."""
    try:
        yield
    except Refused:
        raise
    except MemoryError as error:
        raise Refused("too_much_memory", "the limit of the process") from error
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise Refused("broken", f"{type(error).__name__}: {error}") from error
