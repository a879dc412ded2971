"""The end of an upload run as a table for a person and as JSON for a script."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.filesize import decimal
from rich.table import Table
from rich.text import Text

from tusline.uploader.status import Made
from tusline.uploader.watching import Result
from tusline.uploader.words import printable


def table(results: Sequence[Result]) -> Table:
    """Files and what the server made of them."""
    grid = Table(box=None, pad_edge=False, header_style="bold")
    grid.add_column("file", overflow="fold")
    grid.add_column("what", style="cyan")
    grid.add_column("pixels", justify="right")
    grid.add_column("size", justify="right")
    grid.add_column("saved", justify="right", style="green")
    grid.add_column("SHA-256")
    for result in results:
        original = result.status.original if result.status else None
        pixels = _pixels(original.width, original.height) if original else ""
        size = decimal(result.source.size)
        grid.add_row(result.source.label, "original", pixels, size, "", _checked(result))
        for made in _variants(result):
            pixels = _pixels(made.width, made.height)
            grid.add_row("", made.name, pixels, decimal(made.size), f"{made.saved:.1%}")
    return grid


def report(console: Console, results: Sequence[Result]) -> None:
    """Print the table, where everything is, and what failed."""
    well = [result for result in results if not result.failure]
    if well:
        console.print(table(well))
    for result in well:
        places = "".join(f"\n  {printable(address)}" for address in _addresses(result))
        console.print(result.source.label + places, markup=False, highlight=False, soft_wrap=True)
    for result in results:
        if result.failure:
            line = Text.assemble(("failed", "red"), f" {result.source.label}: {result.failure}")
            console.print(line, soft_wrap=True)


def as_json(results: Sequence[Result]) -> dict[str, Any]:
    """The same for a script: sizes in bytes, `saved` as a share, addresses absolute."""
    return {"ok": not any(result.failure for result in results), "files": [*map(_file, results)]}


def _file(result: Result) -> dict[str, Any]:
    status = result.status
    original = status.original if status else None
    return {
        "file": str(result.source.path),
        "size": result.source.size,
        "upload": result.url,
        "phase": status.phase if status else None,
        "failure": result.failure,
        "sha256": result.sha256,
        "verified": result.verified,
        "resumed_at": result.resumed_at,
        "sent_again": result.sent_again,
        "original": original.url if original else None,
        "variants": [asdict(made) for made in _variants(result)],
    }


def _variants(result: Result) -> tuple[Made, ...]:
    return result.status.variants if result.status else ()


def _addresses(result: Result) -> list[str]:
    status = result.status
    if status is None:
        return [result.url] if result.url else []
    return [place.url for place in (status.original, *status.variants) if place is not None]


def _pixels(width: int | None, height: int | None) -> str:
    return f"{width}×{height}" if width and height else ""


def _checked(result: Result) -> str:
    return {True: "equal", False: "differs", None: "not checked"}[result.verified]
