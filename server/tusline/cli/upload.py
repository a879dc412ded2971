"""`tusline upload`: send files, go on after any break, show what the optimizer made of them."""

import json
import sys
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import click
from rich.console import Console

from tusline.clock import SystemClock
from tusline.uploader.bars import Bars
from tusline.uploader.batch import Batch, Plan
from tusline.uploader.lines import Lines
from tusline.uploader.resume import ResumeStore, state_folder
from tusline.uploader.source import Source, examine
from tusline.uploader.summary import as_json, report
from tusline.uploader.watching import Result

INTERRUPTED = 130

HELP = """Upload FILEs and show what the optimizer made of them.

An upload survives every break: lost lines, dying servers, this command being stopped. Run the
same command again and it goes on at the last acknowledged byte.

Progress goes to standard error, the result to standard output.

\b
Exit codes:
  0    every file is stored, optimized, and equal to its source (SHA-256)
  1    some file failed
  2    wrong usage
  130  interrupted; the same command goes on
"""


@click.command(help=HELP)
@click.argument(
    "files",
    metavar="FILE...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path),
)
@click.option(
    "--url",
    default="http://127.0.0.1:8000/files",
    show_default=True,
    help="Where uploads are created; of a bare server address, /files is taken.",
)
@click.option(
    "--parallel",
    default=2,
    show_default=True,
    type=click.IntRange(1, 16),
    help="Files on the line at a time.",
)
@click.option("--no-wait", is_flag=True, help="Do not wait for the optimizer; compares no hash.")
@click.option("--json", "json_", is_flag=True, help="Print the result as JSON.")
@click.option(
    "--give-up",
    default=600.0,
    show_default=True,
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="How long to go on trying without any progress.",
)
@click.option(
    "--header",
    "headers",
    multiple=True,
    metavar="NAME:VALUE",
    help="Send a header with every request, e.g. 'Authorization: Bearer …'; may be repeated.",
)
def upload(
    files: tuple[Path, ...],
    url: str,
    parallel: int,
    no_wait: bool,
    json_: bool,
    give_up: float,
    headers: tuple[str, ...],
) -> None:
    plan = Plan(
        endpoint=endpoint(url),
        parallel=parallel,
        wait=not no_wait,
        give_up=give_up,
        headers=tuple(map(header, headers)),
    )
    results: list[Result] = []
    try:
        sources = _examine(files)
        _run(sources, plan, results)
    except KeyboardInterrupt:
        click.echo(
            f"Interrupted with {len(results)} of {len(files)} files done. "
            "Run the same command again: it goes on at the last acknowledged byte.",
            err=True,
        )
        sys.exit(INTERRUPTED)
    results.sort(key=lambda result: sources.index(result.source))
    if json_:
        click.echo(json.dumps(as_json(results), indent=2))
    else:
        report(Console(highlight=False), results)
    sys.exit(1 if any(result.failure for result in results) else 0)


def endpoint(url: str) -> str:
    """The address uploads are created at. Raises click.BadParameter."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise click.BadParameter(f"{url} is no http:// or https:// address", param_hint="--url")
    path = parts.path if parts.path not in ("", "/") else "/files"
    return urlunsplit((parts.scheme, parts.netloc, path.rstrip("/"), parts.query, ""))


def header(text: str) -> tuple[str, str]:
    """Name and value of a header. Raises click.BadParameter."""
    name, colon, value = text.partition(":")
    if not colon or not name.strip() or not text.isprintable():
        raise click.BadParameter("a header is NAME: VALUE", param_hint="--header")
    return name.strip(), value.strip()


def _examine(files: Sequence[Path]) -> list[Source]:
    """Each file once, however often it was named."""
    try:
        return list({source.path: source for source in map(examine, files)}.values())
    except OSError as error:
        raise click.FileError(str(error.filename), error.strerror) from error


def _run(sources: list[Source], plan: Plan, results: list[Result]) -> None:
    """Upload, and put each result into `results` as it comes."""
    console = Console(stderr=True, highlight=False)
    say = partial(console.print, markup=False, soft_wrap=True)
    watcher = Bars(console, sources, say) if console.is_terminal else Lines(say)
    with closing(_memory()) as store:
        with watcher.shown(), closing(Batch(sources, plan, store, watcher).run()) as ended:
            results.extend(ended)


def _memory() -> ResumeStore:
    folder = state_folder()
    try:
        return ResumeStore(folder, SystemClock())
    except OSError as error:
        raise click.ClickException(
            f"unfinished uploads cannot be remembered in {folder}: {error.strerror}; "
            "name another folder in XDG_STATE_HOME"
        ) from error
