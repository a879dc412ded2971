"""`tusline settings`: every variable with its type, default and meaning."""

import json
import os
import sys
from typing import Any, Literal, get_args, get_origin

import click
from pydantic.fields import FieldInfo
from rich.console import Console
from rich.table import Table

from tusline.cli.common import json_option
from tusline.settings import Settings, variable


def _type(field: FieldInfo) -> str:
    kind = field.annotation
    if get_origin(kind) is tuple:
        return "list"
    if get_origin(kind) is Literal:
        return " or ".join(map(str, get_args(kind)))
    for part in field.metadata:
        if isinstance(part, str):
            return part
    names = [getattr(part, "__name__", str(part)) for part in get_args(kind) or (kind,)]
    return names[0].lower()


def _default(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(value)
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def table() -> list[dict[str, str]]:
    """One row a variable: variable, type, default, meaning."""
    return [
        {
            "variable": variable(name),
            "type": _type(field),
            "default": _default(field.default),
            "meaning": field.description or "",
        }
        for name, field in Settings.model_fields.items()
    ]


@click.command
@json_option
def settings(as_json: bool) -> None:
    """List every TUSLINE_* variable with its type, its default and what it means.

    Sizes may be written as 10MiB; lists are separated by commas.
    """
    rows = table()
    if as_json:
        click.echo(json.dumps(rows))
        return
    if not sys.stdout.isatty():
        for row in rows:
            click.echo("\t".join(row.values()))
        return
    shown = Table(box=None, padding=(0, 2, 1, 0))
    for heading in ("variable", "type", "default", "meaning"):
        shown.add_column(heading, overflow="fold", no_wrap=heading in ("variable", "type"))
    for row in rows:
        is_set = row["variable"] in os.environ
        name = f"[bold]{row['variable']}[/]" + (" (set)" if is_set else "")
        shown.add_row(name, row["type"], row["default"], row["meaning"])
    Console(highlight=False).print(shown)
