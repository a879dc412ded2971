"""uvicorn as tusline runs it: it says when it is ready, and it drains before it stops (I10)."""

import os
import resource
import signal
import socket
import threading
from contextlib import suppress
from types import FrameType
from typing import Any

import click
import uvicorn

from tusline.app import Tusline
from tusline.errors import ConfigurationError
from tusline.protocol import bounded
from tusline.settings import Settings
from tusline.stopping import CLOSING, GRACE, leave

FILES = 65536
"""Open files that are asked for: more connections than that would want more memory."""

BACKLOG = 2048
"""Connections that may wait to be accepted."""

KEEP_ALIVE = 95
"""Seconds that an idle connection is kept: longer than a router keeps it, else they race."""

INTERRUPTED = 130
"""Exit status after a second Ctrl-C, as shells have it: 128 and the signal's number."""


class Server(uvicorn.Server):
    """uvicorn tells an application nothing while a body streams: so this server does."""

    def __init__(self, config: uvicorn.Config, tusline: Tusline) -> None:
        super().__init__(config)
        self._tusline = tusline
        self.last_resort: threading.Timer | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Called by the signal itself: also where the event loop hangs. Who presses Ctrl-C again
        means at once: the data folder is made for kill -9."""
        if self.last_resort is None:
            self.last_resort = leave(self._tusline.settings.stop_wait + GRACE)
        elif sig == signal.SIGINT:
            os._exit(INTERRUPTED)
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._tusline.drain()
        await super().shutdown(sockets)

    def stopped(self) -> bool:
        """Whether nothing was left behind that still works; then the process may end by itself."""
        if self._tusline.life.hanging():
            return False
        if self.last_resort is not None:
            self.last_resort.cancel()
        return True


class Talking(Server):
    """Tells a person where it listens, and that it stops."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            shown = f"[{host}]" if ":" in host else host
            click.echo(f"tusline is ready at http://{shown}:{port}")

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        click.echo(f"tusline stops, within {self._tusline.settings.stop_wait:g} seconds")
        await super().shutdown(sockets)


def configuration(app: Any, settings: Settings, **more: Any) -> uvicorn.Config:
    """How uvicorn runs an application, whoever starts it."""
    return uvicorn.Config(
        app,
        loop="uvloop",
        http=bounded(head_bytes=settings.head_bytes, head_seconds=settings.head_seconds),
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=_whole(min(settings.drain_wait, settings.stop_wait - CLOSING)),
        **more,
    )


def listen(host: str, port: int, *, idle: float) -> socket.socket:
    """The listening socket, with `limit_idle`. Raises ConfigurationError when the address cannot be
    had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
        limit_idle(listener, idle)
        return listener
    except OSError as error:
        raise ConfigurationError(
            f"cannot listen on {host}, port {port}: {error.strerror}. "
            "Choose another address with --host and --port, or TUSLINE_HOST and TUSLINE_PORT"
        ) from error


def limit_idle(listener: socket.socket, idle: float) -> None:
    """A connection whose client takes nothing of what it is sent for `idle` seconds is ended by the
    kernel, which alone knows: also one that is closing, or whose client vanished."""
    if listener.family in (socket.AF_INET, socket.AF_INET6):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(1000 * idle))


def allow_files() -> None:
    """Take as many open files as the system grants us for the asking: each connection is one, and
    the usual first limit, 1024, is for programs from before poll()."""
    granted, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if most == resource.RLIM_INFINITY else min(most, FILES)
    if granted != resource.RLIM_INFINITY and granted < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def serve(app: Any, tusline: Tusline, listener: socket.socket) -> None:
    """Run until a signal; Ctrl-C is a way to stop, not a failure, and returns. After SIGTERM the
    process ends by that signal, once it is clean; with status 1 where something had to be left
    undone."""
    allow_files()
    server = Talking(configuration(app, tusline.settings), tusline)
    with listener, suppress(KeyboardInterrupt):
        server.run([listener])
    if server.stopped():
        click.echo("tusline has stopped")


def _whole(seconds: float) -> int:
    return max(1, round(seconds))
