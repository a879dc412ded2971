"""`tusline sweep`: expire, settle and clear away now, not at the next turn of the server."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from tusline.cli.common import (
    Misconfigured,
    data_option,
    json_option,
    must_be_there,
    settings_with,
)
from tusline.control import ask
from tusline.errors import ConfigurationError, TuslineError
from tusline.logs import configure
from tusline.settings import Settings
from tusline.storage.disk.layout import Layout

LAST_WORDS = 1.0
"""Seconds to tell what was done, where the disk hangs: nobody waits for that."""


async def _sweep(settings: Settings) -> Mapping[str, Any]:
    """Through the server that holds the folder, or on the folder itself; with Redis nobody holds
    anything alone."""
    if settings.redis_url is not None:
        return await _sweep_alone(settings)
    try:
        return await ask(Layout(settings.data).control, "sweep")
    except (FileNotFoundError, ConnectionError):
        return await _sweep_alone(settings)


async def _sweep_alone(settings: Settings) -> Mapping[str, Any]:
    from tusline.app import Tusline
    from tusline.stopping import leave

    tusline = Tusline(settings)
    try:
        return await tusline.life.sweep_once()
    finally:
        if tusline.life.hanging():
            leave(after=LAST_WORDS)


@click.command
@data_option
@json_option
def sweep(data: Path | None, as_json: bool) -> None:
    """Expire old uploads, settle complete ones, clear leftovers, drop and forget what was kept
    long enough, queue what waits for the optimizer. A running server, or a worker, does that
    every TUSLINE_SWEEP_EVERY seconds by itself.
    """
    settings = settings_with(data=data)
    if settings.redis_url is None:
        must_be_there(settings.data, settings.data)
    configure(level=settings.log_level, format=settings.log_format)
    try:
        swept = asyncio.run(_sweep(settings))
    except ConfigurationError as error:
        raise Misconfigured(str(error)) from error
    except (OSError, ValueError, TuslineError) as error:
        raise click.ClickException(f"the sweep {_of(settings)}failed: {error}") from error
    if "error" in swept:
        raise click.ClickException(str(swept["error"]))
    if as_json:
        click.echo(json.dumps(swept))
    else:
        click.echo(", ".join(f"{count} {name}" for name, count in swept.items()))


def _of(settings: Settings) -> str:
    return "" if settings.redis_url is not None else f"of {settings.data.absolute()} "
