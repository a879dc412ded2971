"""From the upright bitmap to files: each recipe's variant, never larger than the input."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image

from tusline_optimizer import copies
from tusline_optimizer.answers import Output
from tusline_optimizer.recipes import Recipe, fit

NEAR: Final = 0.8
"""Scaled by less than this, a JPEG shows its own losses no more: encode at the full quality."""

POORER: Final = (70, 55, 40, 25)
"""Qualities tried, in turn, when neither the recipe's own nor a copy is smaller than the input."""

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
    bitmap: Image.Image, full: tuple[int, int], original: Original, recipe: Recipe, folder: Path
) -> Output | None:
    """Write the recipe's variant. `full` is the upright size of the input in pixels.

    None if nothing smaller than the input can be made: the input is the best there is.
    """
    size = fit(full, recipe)
    picture = _resized(bitmap, size)
    path = folder / recipe.name
    format = recipe.format
    _save(picture, path, format, _quality(recipe, size, full, original))
    if path.stat().st_size >= original.size:
        smaller = _smaller(picture, size == full, original, recipe, path)
        if smaller is None:
            return None
        format = smaller
    return Output(
        recipe=recipe.name,
        format=format,
        width=size[0],
        height=size[1],
        size=path.stat().st_size,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
    )


def _smaller(
    picture: Image.Image, unscaled: bool, original: Original, recipe: Recipe, path: Path
) -> str | None:
    """Write a variant that is not larger than the input, and answer its format."""
    if unscaled and original.copyable:
        copy = copies.copy(original.format, original.path.read_bytes())
        if copy is not None and len(copy) <= original.size:
            path.write_bytes(copy)
            return original.format
    for format, quality in [*((recipe.format, q) for q in POORER), ("WEBP", None)]:
        _save(picture, path, format, quality)
        if path.stat().st_size < original.size:
            return format
    path.unlink()
    return None


def _quality(
    recipe: Recipe, size: tuple[int, int], full: tuple[int, int], original: Original
) -> int:
    """Not above the input's own: a finer table would keep its artefacts, at a price."""
    near = size[0] > full[0] * NEAR
    if recipe.format != "JPEG" or original.quality is None or not near:
        return recipe.quality
    return min(recipe.quality, original.quality)


def _resized(bitmap: Image.Image, size: tuple[int, int]) -> Image.Image:
    if bitmap.size == size:
        return bitmap
    return bitmap.resize(size, Image.Resampling.LANCZOS, reducing_gap=THUMBNAIL_GAP)


def _save(picture: Image.Image, path: Path, format: str, quality: int | None) -> None:
    """Encode to a file, without a quality losslessly (WebP).

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
