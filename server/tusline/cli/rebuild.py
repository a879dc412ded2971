"""`tusline rebuild`: records that Redis has lost, made anew from the bucket."""

import asyncio
import json

import click

from tusline.cli.common import Misconfigured, json_option, settings_with
from tusline.errors import ConfigurationError, TuslineError
from tusline.logs import configure
from tusline.settings import variable


@click.command
@json_option
def rebuild(as_json: bool) -> None:
    """Walk through the bucket and make every record anew that Redis does not have.

    Workers begin with that by themselves some seconds after a loss, and an upload that a client
    asks for is restored at once: this is for who has no worker running, or wants to see it done.
    """
    settings = settings_with()
    configure(level=settings.log_level, format=settings.log_format)
    if settings.store != "s3":
        raise Misconfigured(
            f"records can be made anew from a bucket only, and {variable('store')} is "
            f"{settings.store}: keep a backup of the records beside that of the folder"
        )
    from tusline.app import Tusline

    try:
        done = asyncio.run(Tusline(settings).life.rebuild_once())
    except ConfigurationError as error:
        raise Misconfigured(str(error)) from error
    except TuslineError as error:
        raise click.ClickException(f"the rebuild failed: {error.message}") from error
    if as_json:
        click.echo(json.dumps(done))
    else:
        click.echo(
            f"{done['stored']} uploads in the bucket, {done['restored']} records made anew, "
            f"{done['remnants']} remnants"
        )
    if not done["complete"]:
        raise click.ClickException("Redis lost more meanwhile: please run this again")
