"""`tusline serve`: the server, the optimizer and the page in one process."""

from pathlib import Path

import click

from tusline.cli.common import Misconfigured, data_option, settings_with
from tusline.errors import ConfigurationError, RecordsUnavailable
from tusline.exposure import must_be_safe


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

    Everything is kept in the data folder: no services are needed, unless REDIS_URL or
    TUSLINE_STORE=s3 name some. SIGTERM and Ctrl-C end running uploads with what they have;
    clients go on when the server is back.
    """
    settings = settings_with(host=host, port=port, data=data)

    from tusline.app import create_app
    from tusline.logs import configure
    from tusline.server import listen
    from tusline.server import serve as run

    configure(level=settings.log_level, format=settings.log_format)
    try:
        must_be_safe(settings.host, anonymous=settings.allow_anonymous)
        app = create_app(settings.model_copy(update={"allow_anonymous": True}))
        app.state.tusline.parts.ground.check()
        listener = listen(settings.host, settings.port, idle=settings.download_idle)
    except ConfigurationError as error:
        raise Misconfigured(str(error)) from error
    except RecordsUnavailable as error:
        raise click.ClickException(error.message) from error
    run(app, app.state.tusline, listener)
