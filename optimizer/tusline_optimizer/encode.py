"""From the upright bitmap to files: each recipe's variant, never larger than the input."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image

from tusline_optimizer import copies
from tusline_optimizer.answers import Output
from tusline_optimizer.recipes import Recipe, Size, fit

NEAR: Final = 0.8
"""Scaled by less than this, a JPEG shows its own losses no more: encode at the full quality."""

WORTHWHILE: Final = 0.95
"""Encoding a picture of the same size again must save this much, or its own data are kept."""

POORER: Final = (70, 50)
"""Qualities tried, in turn, when the recipe's own gives more bytes than the input has."""

THUMBNAIL_GAP: Final = 2.0
"""How far a smaller variant may be averaged down from the bitmap before Lanczos."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """The input as the encoder needs it: the file, its bytes, and the quality of a JPEG.

    `copyable` tells that its pixels are upright and in sRGB, so that they may be handed out.
    """

    path: Path
    format: str
    size: int
    quality: int | None
    copyable: bool


def encode(
    bitmap: Image.Image, full: Size, original: Original, recipe: Recipe, folder: Path
) -> Output | None:
    """Write the recipe's variant. `full` is the upright size of the input in pixels.

    None if nothing smaller than the input can be made, which takes an input of some bytes.
    """
    size = fit(full, recipe)
    picture = _resized(bitmap, size)
    path = folder / recipe.name
    copy = _copy(original) if size == full else None
    most = original.size if copy is None else len(copy) * WORTHWHILE
    if _save(picture, path, recipe.format, _quality(recipe, size, full, original)) < most:
        return _output(path, recipe, recipe.format, size)
    if copy is not None:
        path.write_bytes(copy)
        return _output(path, recipe, original.format, size)
    for poorer, format, quality in _poorer(picture, recipe.format):
        if _save(poorer, path, format, quality) < original.size:
            return _output(path, recipe, format, poorer.size)
    path.unlink()
    return None


def _copy(original: Original) -> bytes | None:
    if not original.copyable:
        return None
    copy = copies.copy(original.format, original.path.read_bytes())
    return copy if copy is not None and len(copy) <= original.size else None


def _poorer(picture: Image.Image, format: str) -> Iterator[tuple[Image.Image, str, int | None]]:
    """Ever smaller versions: of lower quality, as WebP, and at last with fewer pixels."""
    for quality in POORER:
        yield picture, format, quality
    for quality in POORER:
        yield picture, "WEBP", quality
    yield picture, "WEBP", None
    while picture.size != (1, 1):
        picture = picture.reduce(2)
        yield picture, format, POORER[0]
        yield picture, "WEBP", None


def _output(path: Path, recipe: Recipe, format: str, size: Size) -> Output:
    data = path.read_bytes()
    return Output(
        recipe=recipe.name,
        format=format,
        width=size[0],
        height=size[1],
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )


def _quality(recipe: Recipe, size: Size, full: Size, original: Original) -> int:
    """Not above the input's own: a finer table would keep its artefacts, at a price."""
    near = size[0] > full[0] * NEAR
    if recipe.format != "JPEG" or original.quality is None or not near:
        return recipe.quality
    return min(recipe.quality, original.quality)


def _resized(bitmap: Image.Image, size: Size) -> Image.Image:
    if bitmap.size == size:
        return bitmap
    return bitmap.resize(size, Image.Resampling.LANCZOS, reducing_gap=THUMBNAIL_GAP)


def _save(picture: Image.Image, path: Path, format: str, quality: int | None) -> int:
    """Encode to a file, without a quality losslessly (WebP), and answer its bytes.

    To a real file, since Pillow gives up the interpreter's lock only then; and without `info`,
    from which Pillow would copy comment and colour profile.
    """
    picture.info = {}
    options: dict[str, object] = {"quality": quality}
    match format:
        case "JPEG":
            options |= {"optimize": True, "progressive": True, "subsampling": "4:2:0"}
        case "WEBP":
            options |= {"method": 4} if quality else {"lossless": True, "quality": 0, "method": 0}
        case "AVIF":
            options |= {"speed": 9, "max_threads": 1}
    with path.open("wb") as file:
        picture.save(file, format=format, **options)
    return path.stat().st_size
