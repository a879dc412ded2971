"""`tusline worker`: a process that optimizes images and sweeps, beside web processes."""

import sys
from pathlib import Path

import click

from tusline.cli.common import Misconfigured, data_option, settings_with
from tusline.errors import ConfigurationError
from tusline.logs import configure


@click.command
@data_option
def worker(data: Path | None) -> None:
    """Optimize images and sweep; web processes queue the jobs in Redis (REDIS_URL).

    Any number of workers may run. SIGTERM and Ctrl-C let running jobs end, for
    TUSLINE_WORKER_DRAIN seconds; what is not done then is done by another worker.
    """
    settings = settings_with(data=data)
    configure(level=settings.log_level, format=settings.log_format)
    from tusline.worker import Worker

    try:
        status = Worker(settings).run()
    except ConfigurationError as error:
        raise Misconfigured(str(error)) from error
    sys.exit(status)
