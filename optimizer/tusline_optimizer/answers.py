"""What a child answers, and the reading of it by a parent that does not trust it.

A child that decodes hostile files may have been taken over by one: it can spoil the variants of
that image, but its answer must not make the parent name, read or store anything else.
"""

import re
from dataclasses import dataclass
from typing import Any, Final

from tusline_optimizer.formats import FORMATS
from tusline_optimizer.recipes import Recipe, Size
from tusline_optimizer.refusals import SENTENCES, Refused

_SHA256: Final = re.compile(r"[0-9a-f]{64}")

LARGEST: Final = 2**63 - 1
"""The largest number that the records can hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """A variant in the scratch folder, in the file named by its recipe."""

    recipe: str
    format: str
    width: int
    height: int
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """The upright size of the input in pixels, and the variants that are worth having."""

    size: Size
    outputs: tuple[Output, ...]


class MachineFailed(Exception):
    """The child could not do its work, through no fault of the image: a full disk, say."""


def check(answer: dict[str, Any]) -> dict[str, Any]:
    """Raises Refused or MachineFailed if the answer says so, ValueError for a code unheard of."""
    if "failed" in answer:
        raise MachineFailed(str(answer["failed"]))
    if "refused" not in answer:
        return answer
    code = str(answer["refused"])
    if code not in SENTENCES:
        raise ValueError("unknown code of refusal")
    raise Refused(code, str(answer.get("detail", "")))


def parse_memory(answer: dict[str, Any]) -> int:
    """The estimate in an answer to `inspect`. Raises like `check`, and ValueError."""
    return _count(check(answer).get("memory"))


def parse_rendered(answer: dict[str, Any], recipes: tuple[Recipe, ...]) -> Rendered:
    """The answer to `render`. Raises like `check`, and ValueError."""
    try:
        width, height = check(answer)["size"]
        outputs = tuple(Output(**fields) for fields in answer["outputs"])
    except (KeyError, TypeError) as error:
        raise ValueError("misshapen answer") from error
    for output in outputs:
        _check_output(output, recipes)
    if len({output.recipe for output in outputs}) < len(outputs):
        raise ValueError("a recipe twice")
    return Rendered(size=(_count(width), _count(height)), outputs=outputs)


def _check_output(output: Output, recipes: tuple[Recipe, ...]) -> None:
    if not all(isinstance(text, str) for text in (output.recipe, output.format, output.sha256)):
        raise ValueError("a text is none")
    if output.recipe not in {recipe.name for recipe in recipes}:
        raise ValueError("a recipe that nobody asked for")
    if output.format not in FORMATS or not _SHA256.fullmatch(output.sha256):
        raise ValueError("no format or no hash")
    for number in (output.width, output.height, output.size):
        _count(number)


def _count(value: object) -> int:
    if type(value) is not int or not 0 < value <= LARGEST:
        raise ValueError("no positive number")
    return value
