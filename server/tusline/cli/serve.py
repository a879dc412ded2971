"""`tusline serve`: the server, the optimizer and the page in one process."""

from ipaddress import ip_address
from pathlib import Path

import click

from tusline.cli.common import Misconfigured, data_option, settings_with
from tusline.errors import ConfigurationError, RecordsUnavailable
from tusline.settings import Settings


def loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def guarded(settings: Settings) -> Settings:
    """The settings of a server that may be anonymous: its operator, or its address, allows it.

    Raises Misconfigured for one that anybody could write to by mistake (I9).
    """
    if loopback(settings.host) or settings.allow_anonymous:
        return settings.model_copy(update={"allow_anonymous": True})
    raise Misconfigured(
        f"refusing to listen on {settings.host}: anybody there could upload. Set "
        "TUSLINE_ALLOW_ANONYMOUS=true if the unguessable upload id is protection enough, or "
        "embed tusline in your application with an `authorize` hook"
    )


@click.command
@click.option("--host", help="Address to listen on [default: TUSLINE_HOST, or 127.0.0.1].")
@click.option(
    "--port",
    type=int,
    help="Port to listen on; 0: a free one [default: TUSLINE_PORT, else PORT, else 8000].",
)
@data_option
def serve(host: str | None, port: int | None, data: Path | None) -> None:
    """Serve uploads, optimize images, and show the upload page, all in one process.

    Everything is kept in the data folder: no services are needed. SIGTERM and Ctrl-C end
    running uploads with what they have; clients go on when the server is back.
    """
    settings = guarded(settings_with(host=host, port=port, data=data))

    from tusline.app import create_app
    from tusline.logs import configure
    from tusline.server import listen
    from tusline.server import serve as run

    configure(level=settings.log_level, format=settings.log_format)
    try:
        app = create_app(settings)
        app.state.tusline.parts.ground.check()
        listener = listen(settings.host, settings.port, idle=settings.download_idle)
    except ConfigurationError as error:
        raise Misconfigured(str(error)) from error
    except RecordsUnavailable as error:
        raise click.ClickException(error.message) from error
    run(app, app.state.tusline, listener)
