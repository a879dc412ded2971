"""The table of rules is whole, and every test that it names exists."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs/conformance.md"
ROW = re.compile(r"^\| ([A-Z]+-\w+) \| (.+?) \| (.*?) \|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w./]+\.py)::(\w+)`")
REASON = re.compile(r"not tested: \S.{10,}")

RULES = {
    "CORE": 32,
    "CRE": 20,
    "DEF": 6,
    "CWU": 8,
    "EXP": 10,
    "CHK": 16,
    "TRM": 5,
    "CAT": 24,
    "COR": 7,
    "X": 26,
    "JS": 13,
    "UP": 4,
    "PY": 7,
    "KIT": 8,
    "JV": 7,
    "EARLY": 8,
    "MORE": 8,
}
"""How many rules of each kind there are, numbered from 1."""

SINGLE_DIGITS = ("EARLY", "MORE")


def expected() -> list[str]:
    """Every id, in order; X-03 has a second half."""
    ids = []
    for kind, count in RULES.items():
        width = 1 if kind in SINGLE_DIGITS else 2
        ids += [f"{kind}-{number:0{width}}" for number in range(1, count + 1)]
    ids.insert(ids.index("X-03") + 1, "X-03b")
    return ids


def rows() -> list[tuple[str, str, str]]:
    """Id, what the server does, and its tests."""
    return ROW.findall(TABLE.read_text())


@cache
def functions_in(path: str) -> frozenset[str]:
    nodes = ast.walk(ast.parse((ROOT / path).read_text()))
    return frozenset(
        node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def test_every_rule_has_its_row_and_only_one() -> None:
    assert [id for id, _, _ in rows()] == expected()


def test_every_row_names_tests_or_says_why_it_has_none() -> None:
    for id, _, tests in rows():
        left = TEST.sub("", tests).strip()
        if TEST.search(tests):
            assert not left, id
        else:
            assert left == "pending" or REASON.fullmatch(left), id


def test_every_test_that_is_named_exists() -> None:
    for id, _, tests in rows():
        for path, name in TEST.findall(tests):
            assert (ROOT / path).exists(), (id, path)
            assert name in functions_in(path), (id, name)


def test_no_row_is_pending() -> None:
    assert [id for id, _, tests in rows() if tests.strip() == "pending"] == []
