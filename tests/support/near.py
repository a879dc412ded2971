"""Texts that are almost right: what a grammar allows, with a few signs changed, lost or added."""

from collections.abc import Callable
from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from tusline.errors import TuslineError

Given = TypeVar("Given")
Value = TypeVar("Value")

SIGNS = "\0\t\n\r \"'%+,-./0159:;<=>?@AZ[\\]_az{|}~\x7f\x80\xa0\xff٣１é\u2028\U0001f600"
"""Those with a meaning in some grammar of ours, and their impostors."""


@st.composite
def near(draw: DrawFn, right: SearchStrategy[str], signs: str = SIGNS) -> str:
    """Text of `right` after no, one, two or three small changes."""
    text = draw(right)
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(text)))
        length = draw(st.integers(0, 2))
        text = text[:at] + draw(st.sampled_from(["", *signs])) + text[at + length :]
    return text


def latin(right: SearchStrategy[str]) -> SearchStrategy[str]:
    """The same, as a header can bring it: bytes, read as latin-1."""
    return near(right).map(lambda text: text.encode("utf-8", "replace").decode("latin-1"))


def read(parse: Callable[[Given], Value], given: Given) -> Value | TuslineError:
    """What a parser makes of something, or its refusal. Anything else that it raises, it raises."""
    try:
        return parse(given)
    except TuslineError as refusal:
        return refusal
