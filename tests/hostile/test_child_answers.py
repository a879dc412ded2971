"""What a child process that was taken over can say to its parent: an answer, or a clear no."""

import asyncio
import sys
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tusline_optimizer.answers import (
    LARGEST,
    MachineFailed,
    Output,
    check,
    parse_memory,
    parse_rendered,
)
from tusline_optimizer.formats import FORMATS
from tusline_optimizer.process import Crashed, Process
from tusline_optimizer.recipes import DEFAULT
from tusline_optimizer.refusals import SENTENCES, Refused

ANSWERS = (Refused, MachineFailed, ValueError)
SCALAR = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
JSON = st.recursive(
    SCALAR, lambda some: st.lists(some, max_size=3) | st.dictionaries(st.text(max_size=5), some)
)
NUMBER = st.integers(1, LARGEST)
OUTPUT = st.fixed_dictionaries(
    {
        "recipe": st.sampled_from([recipe.name for recipe in DEFAULT]),
        "format": st.sampled_from(sorted(FORMATS)),
        "width": NUMBER,
        "height": NUMBER,
        "size": NUMBER,
        "sha256": st.text("0123456789abcdef", min_size=64, max_size=64),
    }
)
RENDERED = st.fixed_dictionaries(
    {
        "size": st.tuples(NUMBER, NUMBER).map(list),
        "outputs": st.lists(OUTPUT, max_size=2, unique_by=lambda output: output["recipe"]),
    }
)


@st.composite
def spoiled(draw: st.DrawFn) -> dict[str, Any]:
    """A right answer with one thing replaced, lost or added."""
    answer: dict[str, Any] = draw(RENDERED)
    place: Any = draw(st.sampled_from([answer, answer["size"], *answer["outputs"]]))
    keys = list(range(len(place))) if isinstance(place, list) else [*place, "more", "refused"]
    key = draw(st.sampled_from(keys))
    if draw(st.booleans()) and (isinstance(place, list) or key in place):
        del place[key]
    else:
        place[key] = draw(JSON)
    return answer


@given(RENDERED)
def test_a_right_answer_is_taken_as_it_is(answer: dict[str, Any]) -> None:
    rendered = parse_rendered(answer, DEFAULT)
    assert list(rendered.size) == answer["size"]
    assert rendered.outputs == tuple(Output(**output) for output in answer["outputs"])


@given(spoiled() | st.dictionaries(st.text(max_size=8), JSON))
def test_any_other_answer_is_refused_or_harmless(answer: dict[str, Any]) -> None:
    try:
        rendered = parse_rendered(answer, DEFAULT)
    except ANSWERS:
        return
    assert all(0 < number <= LARGEST for number in rendered.size)
    names = [output.recipe for output in rendered.outputs]
    assert sorted(set(names)) == sorted(names)
    assert set(names) <= {recipe.name for recipe in DEFAULT}
    for output in rendered.outputs:
        assert output.format in FORMATS
        assert len(bytes.fromhex(output.sha256)) == 32
        assert all(0 < n <= LARGEST for n in (output.width, output.height, output.size))


@given(JSON)
@example(2**63)
@example(True)
@example(1.0)
def test_a_memory_is_a_positive_number(value: Any) -> None:
    try:
        memory = parse_memory({"memory": value})
    except ValueError:
        memory = None
    assert memory == (value if type(value) is int and 0 < value <= LARGEST else None)


@given(JSON, JSON)
def test_a_refusal_has_a_code_that_we_know(code: Any, detail: Any) -> None:
    try:
        check({"refused": code, "detail": detail})
    except Refused as refused:
        known = refused.code
    except ValueError:
        known = None
    assert known == (code if isinstance(code, str) and code in SENTENCES else None)


LINES = {
    "nothing": 'b""',
    "an empty line": 'b"\\n"',
    "no end": 'b"{}"',
    "no object": 'b"[]\\n"',
    "too deep": 'b"[" * 50_000 + b"\\n"',
    "no text": 'b"\\xff\\xfe\\n"',
    "too many digits": 'b"9" * 5000 + b"\\n"',
    "too long": 'b" " * 200_000 + b"{}\\n"',
    "two at once": 'b"{} {}\\n"',
}
"""What the child writes, as a Python expression."""


@pytest.mark.parametrize("line", LINES)
async def test_a_line_that_is_no_answer_counts_as_a_crash(line: str) -> None:
    program = f"import sys; sys.stdout.buffer.write({LINES[line]}); sys.stdout.flush(); input()"
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-S", "-c", program), stdin=pipe, stdout=pipe
    )
    child = Process(process)
    try:
        with pytest.raises(Crashed):
            async with asyncio.timeout(10):
                await child.ask({"inspect": "x"})
        assert not child.reusable
    finally:
        await child.kill()
