"""What is made of an image, as data: one recipe is one variant."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A variant's name, the box in pixels that it fits into, and how it is encoded.

    The box holds after orientation. A picture is never enlarged. `format` is JPEG, WEBP or AVIF
    in `quality` 1-100; where that would not be smaller than the input, the variant is the input
    itself without its metadata, or a poorer encoding (see encode.py), so its media type may differ.
    """

    name: str
    width: int
    height: int
    format: str = "JPEG"
    quality: int = 85


DEFAULT: Final[tuple[Recipe, ...]] = (
    Recipe(name="main", width=1920, height=1080),
    Recipe(name="thumbnail", width=320, height=320),
)

Size = tuple[int, int]


def fit(size: Size, recipe: Recipe) -> Size:
    """The size in pixels that `size` takes in the recipe's box: same shape, never larger."""
    width, height = size
    ratio = min(1.0, recipe.width / width, recipe.height / height)
    return max(1, round(width * ratio)), max(1, round(height * ratio))


def largest(size: Size, recipes: tuple[Recipe, ...]) -> Size:
    """The size of the one bitmap from which every recipe can be made."""
    return max((fit(size, recipe) for recipe in recipes), key=lambda fitted: fitted[0] * fitted[1])
