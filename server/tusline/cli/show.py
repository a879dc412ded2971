"""`tusline show ID`: the timeline of one upload."""

import asyncio
import json
from collections.abc import Coroutine
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tusline.cli.common import (
    Misconfigured,
    data_option,
    json_option,
    must_be_there,
    settings_with,
)
from tusline.clock import SystemClock
from tusline.errors import ConfigurationError, RecordsUnavailable, UnknownUpload
from tusline.headers import metadata_text
from tusline.records.sqlite.records import SqliteRecords
from tusline.settings import Settings
from tusline.storage.disk.layout import Layout
from tusline.upload import ID, Event, Upload, UploadId

READ_SECONDS = 10
"""How long to wait for a database that another process writes."""


Told = tuple[Upload, list[Event]]


async def _shared(settings: Settings, id: UploadId) -> Told:
    """From Redis."""
    from tusline.assembly import assembled

    parts = assembled(settings)
    await parts.ground.open()
    try:
        return await parts.doors.records.get(id), await parts.doors.records.timeline(id)
    finally:
        await parts.ground.disconnect()
        parts.ground.close()


async def _beside(path: Path, id: UploadId) -> Told:
    """From the database of a folder, which a server may hold."""
    records = SqliteRecords(path, SystemClock(), lease_ttl=0, expires=0, wait=READ_SECONDS)
    records.open(read_only=True)
    try:
        return await records.get(id), await records.timeline(id)
    finally:
        records.close()


def _read(settings: Settings, id: UploadId) -> Coroutine[Any, Any, Told]:
    if settings.redis_url is not None:
        return _shared(settings, id)
    records = Layout(settings.data).records
    must_be_there(records, settings.data)
    return _beside(records, id)


@click.command
@click.argument("id")
@data_option
@json_option
def show(id: str, data: Path | None, as_json: bool) -> None:
    """Show what happened to the upload ID, beside a running server or without one.

    ID is the last part of the upload's URL; the whole URL is taken, too, and those of its files.
    """
    settings = settings_with(data=data)
    upload_id = id_in(id)
    try:
        upload, events = asyncio.run(_read(settings, upload_id))
    except UnknownUpload:
        place = settings.data.absolute() if settings.redis_url is None else "Redis"
        raise click.ClickException(f"no upload {upload_id} in {place}") from None
    except RecordsUnavailable as error:
        raise click.ClickException(error.message) from None
    except ConfigurationError as error:
        raise Misconfigured(str(error)) from None
    if as_json:
        click.echo(json.dumps(_document(upload, events)))
    else:
        _print(upload, events)


def id_in(text: str) -> UploadId:
    """The id in the URL of an upload, of its status or of one of its files; or the text itself."""
    path, _, _ = text.partition("#")[0].partition("?")
    parts = [part for part in path.split("/") if part]
    ids = [part for part in parts if ID.fullmatch(part)]
    return UploadId((ids or parts or [text])[-1])


def _document(upload: Upload, events: list[Event]) -> dict[str, object]:
    fields = asdict(upload)
    del fields["head"]
    return {"upload": fields, "timeline": [asdict(event) for event in events]}


def _plain(text: str) -> str:
    """A client's text without markup and control characters, which a terminal would obey."""
    return escape("".join(character if character.isprintable() else "�" for character in text))


def _print(upload: Upload, events: list[Event]) -> None:
    console = Console(highlight=False)
    name = _plain(metadata_text(upload.metadata, "filename") or "(no name)")
    length = "?" if upload.length is None else f"{upload.length:,}"
    console.print(f"[bold]{upload.id}[/]  {name}")
    console.print(
        f"{upload.phase}, {upload.offset:,} of {length} bytes, owner {_plain(upload.owner) or '-'}"
    )
    if upload.final:
        console.print(f"final upload of {len(upload.members)}: {' '.join(upload.members)}")
    elif upload.partial:
        console.print("partial upload, a member for final ones")
    if upload.reason:
        console.print(f"[red]{upload.reason.code}: {_plain(upload.reason.message)}[/]")
    timeline = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("when (UTC)", "after", "what", "detail"):
        timeline.add_column(heading, style="dim" if heading != "what" else "bold")
    for event in events:
        when = datetime.fromtimestamp(event.at, UTC).strftime("%Y-%m-%d %H:%M:%S")
        after = f"{event.at - upload.created:.2f} s"
        timeline.add_row(when, after, event.name, _plain(event.detail))
    console.print(timeline)
    for variant in upload.variants:
        size = f"{variant.width}x{variant.height}, {variant.size:,} bytes"
        console.print(f"  {variant.name}: {variant.content_type}, {size}")
