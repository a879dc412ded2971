"""gunicorn's processes as tusline runs them: our protocol, our stop, our log."""

import logging
import os
import signal
import socket
import sys
from typing import Any

import structlog
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger
from uvicorn_worker import UvicornWorker

from tusline.errors import ConfigurationError
from tusline.server import Server, allow_files, configuration, limit_idle

log = structlog.get_logger()


class UploadWorker(UvicornWorker):  # type: ignore[misc]
    """A web process. Its application is a Starlette with a Tusline in it (`Tusline.install`), whose
    running uploads end by the rules of a drain when gunicorn stops or replaces the process (I10).
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name in ("uvicorn.error", "uvicorn.access"):  # which it has taken from the root
            library = logging.getLogger(name)
            library.propagate = True
            library.setLevel(logging.WARNING)

    def init_process(self) -> None:
        try:
            super().init_process()
        except ConfigurationError as error:
            log.error("web.not_started", why=str(error))
            sys.exit(Arbiter.APP_LOAD_ERROR)  # no use to try again, as gunicorn else would

    async def _serve(self) -> None:
        tusline = self.wsgi.state.tusline
        allow_files()
        for listener in self.sockets:
            limit_idle(listener.sock, tusline.settings.download_idle)
        config = configuration(
            self.wsgi,
            tusline.settings,
            backlog=self.cfg.backlog,
            timeout_notify=self.timeout // 2,
            callback_notify=self.callback_notify,
        )
        server = Reporting(config, tusline)
        signal.signal(signal.SIGQUIT, server.handle_exit)
        await server.serve(sockets=[listener.sock for listener in self.sockets])
        server.stopped()
        if not server.started:
            sys.exit(Arbiter.WORKER_BOOT_ERROR)


class Reporting(Server):
    """Says in the log when it takes requests."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            log.info("web.ready", pid=os.getpid())


class Log(Logger):  # type: ignore[misc]
    """gunicorn's own words go where ours go."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True
