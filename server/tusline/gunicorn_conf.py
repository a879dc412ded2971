"""How gunicorn runs tusline: `gunicorn -c python:tusline.gunicorn_conf`.

Every public name below is a setting of gunicorn's, and can be set anew on its command line. Your
own application, with a Tusline installed, is run in the same way, named as the last argument.
"""

import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from tusline.capacity import web_processes
from tusline.errors import ConfigurationError
from tusline.exposure import must_be_safe
from tusline.logs import configure
from tusline.server import BACKLOG, KEEP_ALIVE
from tusline.settings import Settings, load
from tusline.stopping import GRACE

OURS = "tusline.asgi:app"
MISCONFIGURED = 2


def _load() -> Settings:
    try:
        return load()
    except ConfigurationError as error:
        _refuse(error)


def _refuse(error: ConfigurationError) -> NoReturn:
    click.echo(f"Error: {error}", err=True)
    sys.exit(MISCONFIGURED)


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


_settings = _load()
_shared = _settings.redis_url is not None
configure(level=_settings.log_level, format=_settings.log_format)

wsgi_app = OURS
bind = _address(_settings.host, _settings.port)
workers = _settings.web_concurrency or (web_processes() if _shared else 1)
worker_class = "tusline.gunicorn_worker.UploadWorker"
logger_class = "tusline.gunicorn_worker.Log"
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # a slow disk is no dead worker
backlog = BACKLOG
keepalive = KEEP_ALIVE
timeout = 30  # seconds without a sign of life from the event loop
graceful_timeout = round(_settings.stop_wait + 2 * GRACE)  # every stop is over by then
control_socket_disable = True


def on_starting(server: Any) -> None:
    """Refuse what would lose uploads, or let strangers in, before there is any process. The host's
    own application has rules of its own."""
    if (server.app.app_uri or server.cfg.wsgi_app) != OURS:
        return
    try:
        _must_share(server.cfg.workers)
        for address in server.cfg.address:
            if isinstance(address, tuple):
                must_be_safe(address[0], anonymous=_settings.allow_anonymous)
    except ConfigurationError as error:
        _refuse(error)


def _must_share(processes: int) -> None:
    if processes > 1 and not _shared:
        raise ConfigurationError(
            f"{processes} web processes share their records in Redis: set REDIS_URL, or run one "
            "(--workers 1, WEB_CONCURRENCY=1)"
        )
