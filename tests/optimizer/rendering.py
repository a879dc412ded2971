"""Running the steps of a child in the test's own process."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from tusline_optimizer.answers import Output, Rendered
from tusline_optimizer.limits import Header, inspect
from tusline_optimizer.recipes import DEFAULT, Recipe
from tusline_optimizer.refusals import Refused
from tusline_optimizer.render import judging, render


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What became of an input of `size` bytes."""

    folder: Path
    size: int
    rendered: Rendered

    def output(self, name: str = "main") -> Output:
        (found,) = (output for output in self.rendered.outputs if output.recipe == name)
        return found

    def data(self, name: str = "main") -> bytes:
        return (self.folder / name).read_bytes()

    def image(self, name: str = "main") -> Image.Image:
        with Image.open(self.folder / name) as image:
            image.load()
            return image

    def frames(self, name: str = "main") -> int:
        with Image.open(self.folder / name) as image:
            return getattr(image, "n_frames", 1)


MOST = 256 * 1024 * 1024


def header(
    folder: Path, data: bytes, recipes: tuple[Recipe, ...] = DEFAULT, *, most: int = MOST
) -> Header:
    source = folder / "source"
    source.write_bytes(data)
    with judging():
        return inspect(source, recipes, most=most)


def make(folder: Path, data: bytes, recipes: tuple[Recipe, ...] = DEFAULT) -> Made:
    """Inspect and render, as a child does. Raises Refused."""
    found = header(folder, data, recipes)
    rendered = render(folder / "source", found, recipes, folder)
    return Made(folder=folder, size=len(data), rendered=rendered)


def refusal(folder: Path, data: bytes) -> str:
    """The code with which making the variants is refused."""
    with pytest.raises(Refused) as refused:
        make(folder, data)
    return refused.value.code


Colour = tuple[int, int, int]


def pixel(image: Image.Image, x: float, y: float) -> Colour:
    """The colour at a place, given as shares of width and height."""
    at = (int(x * (image.width - 1)), int(y * (image.height - 1)))
    found = image.convert("RGB").getpixel(at)
    assert isinstance(found, tuple)
    return found[0], found[1], found[2]


def near(one: Colour, other: Colour, *, by: int = 6) -> bool:
    return all(abs(a - b) <= by for a, b in zip(one, other, strict=True))
