"""`tusline doctor`: does this deployment work, and what should be done about it?"""

import asyncio
import json
import sys
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape

from tusline.cli.common import Misconfigured, data_option, json_option, settings_with
from tusline.doctor.findings import Finding, Level, Part

STYLES = {Level.OK: "green", Level.WARNING: "yellow", Level.FAULT: "bold red"}


async def _examined(data: Path | None) -> list[Finding]:
    from tusline.doctor.examination import examine

    try:
        settings = settings_with(data=data)
    except Misconfigured as error:
        return [Part("settings").fault(error.message, "`tusline settings` lists what there is")]
    return [finding async for finding in examine(settings)]


@click.command
@data_option
@json_option
def doctor(data: Path | None, as_json: bool) -> None:
    """Check this deployment, from this host: settings, disk, Redis, workers, bucket.

    Exit status 1 when there is a fault; warnings do not count.
    """
    findings = asyncio.run(_examined(data))
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings]))
    else:
        _print(findings)
    sys.exit(any(finding.level is Level.FAULT for finding in findings))


def _print(findings: list[Finding]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for finding in findings:
        level = f"[{STYLES[finding.level]}]{finding.level:8}[/]"
        console.print(f"{level} {finding.part}: {escape(finding.says)}")
        if finding.way_out:
            console.print(f"         → {escape(finding.way_out)}")
