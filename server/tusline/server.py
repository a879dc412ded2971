"""uvicorn as tusline runs it: it says when it is ready, and it drains before it stops (I10)."""

import socket
from typing import Any

import click
import uvicorn

from tusline.app import Tusline
from tusline.protocol import bounded


class Server(uvicorn.Server):
    """uvicorn tells an application nothing while a body streams: so this server does."""

    def __init__(self, config: uvicorn.Config, tusline: Tusline) -> None:
        super().__init__(config)
        self._tusline = tusline

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            shown = f"[{host}]" if ":" in host else host
            click.echo(f"tusline is ready at http://{shown}:{port}")

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._tusline.drain()
        await super().shutdown(sockets)


def serve(app: Any, tusline: Tusline) -> None:
    """Run until a signal. Raises SystemExit when the address cannot be used."""
    settings = tusline.settings
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http=bounded(head_bytes=settings.head_bytes, head_seconds=settings.head_seconds),
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=95,  # longer than a router keeps idle connections, else they race
        timeout_graceful_shutdown=max(1, round(settings.drain_wait)),
    )
    Server(config, tusline).run()
