"""A host application with rights of its own, and tusline below /site/media."""

import argparse
import asyncio
import socket
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from tusline import Access, Hooks, Settings, Tusline
from tusline.errors import Forbidden
from tusline.protocol import bounded

PROTOCOLS: dict[str, str | type[asyncio.Protocol]] = {
    "auto": "auto",
    "h11": "h11",
    "tusline": bounded(head_bytes=65536, head_seconds=20),
}


async def authorize(access: Access) -> str | None:
    """`Authorization: NAME` is who one is; "down" stands for a backend that does not answer."""
    name = access.headers.get("authorization")
    if name == "down":
        raise ConnectionError("the directory does not answer")
    if name == "banned":
        raise Forbidden("not you")
    return name


async def hello(request: Request) -> PlainTextResponse:
    return PlainTextResponse("hello\n")


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--host")
    options.add_argument("--port", type=int)
    options.add_argument("--data", type=Path)
    options.add_argument("--http", choices=PROTOCOLS, default="auto")
    given = options.parse_args()
    app = Starlette(routes=[Route("/", hello)])
    tusline = Tusline(Settings(data=given.data, types=("*",)), Hooks(authorize=authorize))
    tusline.install(app, prefix="/media")
    serve(Starlette(routes=[Mount("/site", app)], lifespan=app.router.lifespan_context), given)


def serve(app: Starlette, given: argparse.Namespace) -> None:
    """Plain uvicorn, as a host has it: of tusline's own server at most the protocol."""

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            print(f"tusline is ready at http://{given.host}:{given.port}", flush=True)

    http = PROTOCOLS[given.http]
    config = uvicorn.Config(app, host=given.host, port=given.port, http=http, log_level="warning")
    Server(config).run()


if __name__ == "__main__":
    main()
