"""The documents tell what the code does: settings, codes, files, commands."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tusline import errors
from tusline.cli import COMMANDS
from tusline.cli.settings import table
from tusline.settings import Settings, variable
from tusline_optimizer.refusals import SENTENCES

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| `([a-z_-]+)` \|(?: (\d{3}) \|)?", re.MULTILINE)


def documented() -> dict[str, str]:
    return dict(ROW.findall((ROOT / "docs/errors.md").read_text()))


def codes_in(tree: ast.AST) -> Iterator[str]:
    """Every literal code in a module: `code = "..."`, `code="..."`, and early answers."""
    for node in ast.walk(tree):
        match node:
            case ast.keyword(arg="code", value=value):
                pass
            case ast.Assign(targets=[ast.Name(id="code")], value=value):
                pass
            case ast.AnnAssign(target=ast.Name(id="code"), value=value):
                pass
            case ast.Call(func=ast.Name(id="_again"), args=[value, *_]):
                pass
            case ast.Call(func=ast.Name(id="text_reply"), args=[_, value, *_]):
                pass
            case _:
                continue
        if isinstance(value, ast.Constant) and value.value not in ("", "-"):
            yield str(value.value)


def test_every_code_is_in_the_table_and_nothing_else() -> None:
    sources = [
        path
        for path in (ROOT / "server/tusline").rglob("*.py")
        if not {"cli", "uploader"} & set(path.parts)
    ]
    used = {code for path in sources for code in codes_in(ast.parse(path.read_text()))}
    assert used | set(SENTENCES) == set(documented())


def test_every_refusal_has_the_status_that_the_table_tells() -> None:
    told = documented()
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    refusals = [kind for kind in kinds if issubclass(kind, errors.TuslineError)]
    assert refusals
    for kind in refusals:
        assert told[kind.code] == str(kind.status), kind


def test_the_settings_page_is_generated_from_the_settings() -> None:
    made = subprocess.run(
        [sys.executable, str(ROOT / "tools/settings_page.py")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (ROOT / "docs/settings.md").read_text() == made.stdout, "run `make docs`"


def test_the_settings_tell_the_unit_of_each_number() -> None:
    told = {row["variable"]: row["type"] for row in table()}
    assert told["TUSLINE_SYNC_RATE"] == "per second"
    assert told["TUSLINE_SYNC_SECONDS"] == "seconds"
    assert told["TUSLINE_SYNC_BYTES"] == "bytes"
    assert told["TUSLINE_MAX_FILES"] == "int"
    assert "float" not in told.values()


def test_every_setting_says_what_it_means() -> None:
    assert all(field.description for field in Settings.model_fields.values())


@pytest.mark.parametrize(
    "document",
    [
        "README.md",
        "ARCHITECTURE.md",
        "docs/clients.md",
        "docs/conformance.md",
        "docs/deployment.md",
        "docs/s3.md",
    ],
)
def test_files_and_settings_named_in_a_document_exist(document: str) -> None:
    text = (ROOT / document).read_text()
    known = {variable(name) for name in Settings.model_fields}
    for name in re.findall(r"`(TUSLINE_[A-Z0-9_]+)", text):
        assert name in known, name
    roots = [ROOT, ROOT / "server/tusline", ROOT / "server", ROOT / "optimizer/tusline_optimizer"]
    for name in re.findall(r"`([\w./-]+(?:\.(?:py|md|toml|ts|mjs|txt)|/))`", text):
        if name.startswith("/"):
            continue
        assert any((root / name).exists() for root in roots), name


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_help_and_is_in_the_readme(command: str) -> None:
    env = os.environ | {"COLUMNS": "90"}
    shown = subprocess.run(
        [sys.executable, "-m", "tusline", command, "--help"],
        capture_output=True,
        text=True,
        check=True,
        env=env,
    )
    assert "Usage:" in shown.stdout
    assert f"tusline {command}" in (ROOT / "README.md").read_text()
