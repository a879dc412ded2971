"""tusline as part of a Starlette or FastAPI application, or as one of its own."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

import structlog
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Route

from tusline.assembly import assembled
from tusline.hooks import ANONYMOUS, Hooks
from tusline.http.address import Addresses
from tusline.http.cors import Cors, Endpoint
from tusline.http.doorman import Doorman
from tusline.http.downloads import Downloads
from tusline.http.events import Events, Pulse
from tusline.http.files import BodyLimits, Files
from tusline.http.pages import Config, Health, Pages, chunk_hints
from tusline.http.replies import Linger
from tusline.http.status import Status
from tusline.http.tus import EXTENSIONS, Announced, Tus
from tusline.life import Life, Role
from tusline.logs import configure_embedded
from tusline.settings import Settings, load

log = structlog.get_logger()


class Tusline:
    """Resumable uploads for an application.

        tusline = Tusline(Settings(data=Path("/var/uploads")), Hooks(authorize=who_is_it))
        tusline.install(app, prefix="/media")

    adds `/media/files`, `/media/uploads/…` and `/media/config` to `app`, and starts and stops
    tusline with it. A server that is to stop in time calls `drain` first (I10). Where Redis is
    shared, `role` says what this process does: requests, jobs and sweeps, or both. Raises
    ConfigurationError at start when the settings do not fit the machine.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        hooks: Hooks | None = None,
        role: Role = Role.ALL,
    ) -> None:
        configure_embedded()
        self.settings = settings or load()
        self.hooks = hooks or Hooks()
        self.parts = assembled(self.settings)
        self.life = Life(
            self.parts,
            role,
            stop_wait=self.settings.stop_wait,
            sweep_every=self.settings.sweep_every,
        )

    # --- routes ------------------------------------------------------------------------------

    def install(self, app: Starlette, prefix: str = "") -> None:
        """Add the routes below `prefix`, and wrap the application's lifespan. `app.state.tusline`
        is this one then: our gunicorn worker looks for it there, to drain it."""
        app.state.tusline = self
        app.router.routes.extend(self.routes(prefix))
        inner = app.router.lifespan_context

        @asynccontextmanager
        async def lifespan(app: Any) -> AsyncGenerator[Any]:
            async with self.running(), inner(app) as state:
                yield state

        app.router.lifespan_context = lifespan

    def routes(self, prefix: str = "") -> list[BaseRoute]:
        """Exact routes, with and without the trailing slash: never a redirect, which upload
        clients do not follow."""
        service, doors, settings = self.parts.service, self.parts.doors, self.settings
        cors = Cors(settings.cors_origins, settings.cors_headers)
        doorman = Doorman(self.hooks.authorize)
        downloads = Downloads(service.looker, doors.store, doorman, doors.clock)
        files = self.files(prefix, doorman, downloads, cors)
        uploads = f"{prefix}/uploads"
        pulse = Pulse(
            every=settings.events_every, beat=settings.events_beat, ids=settings.events_ids
        )
        events = Events(service.looker, doorman, doors.signals, uploads, pulse, service.running)
        status = Status(service.looker, doorman, uploads)

        beside: dict[str, Endpoint] = {
            f"{uploads}/events": events.endpoint,
            f"{uploads}/{{id}}": status.endpoint,
            f"{uploads}/{{id}}/{{name}}": downloads.endpoint,
            f"{prefix}/config": Config(self._told(), self._announced()).endpoint,
        }
        return [
            Route(f"{prefix}/files", files),
            Route(f"{prefix}/files/{{rest:path}}", files),
            *(
                Route(path + slash, cors.around(endpoint), methods=["GET", "OPTIONS"])
                for slash in ("", "/")
                for path, endpoint in beside.items()
            ),
        ]

    def files(self, prefix: str, doorman: Doorman, downloads: Downloads, cors: Cors) -> Files:
        """The raw ASGI application behind `/files`."""
        service, doors, settings = self.parts.service, self.parts.doors, self.settings
        tus = Tus(
            service.creator,
            service.appender,
            service.looker,
            service.terminator,
            doorman,
            Addresses(public_url=settings.public_url, proxies=settings.proxies()),
            doors.clock,
        )
        return Files(
            tus,
            downloads,
            cors,
            self._announced(),
            prefix=f"{prefix}/files",
            body_limits=BodyLimits(
                idle=settings.body_idle,
                deadline=settings.request_deadline,
                checksum_deadline=settings.checksum_deadline,
                chunked=settings.deadline_chunked,
            ),
            linger=Linger(seconds=settings.linger, most=settings.linger_bytes),
            expired_status=settings.expired_status,
        )

    def _announced(self) -> Announced:
        expiration = ("expiration",) if self.settings.expires else ()
        return Announced(max_size=self.settings.max_size, extensions=EXTENSIONS + expiration)

    def _told(self) -> dict[str, Any]:
        """What /config tells."""
        settings = self.settings
        return {
            "max_size": int(settings.max_size),
            "max_files": settings.max_files,
            "types": list(self.parts.limits.types),
            "expires": settings.expires or None,
            "request_deadline": settings.request_deadline,
            "chunks": chunk_hints(settings.request_deadline),
            "version": version("tusline"),
        }

    # --- life --------------------------------------------------------------------------------

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Everything opened and at work; closed in reverse."""
        if self.hooks.authorize is None and not self.settings.allow_anonymous:
            log.warning("embedded.anonymous", way_out=ANONYMOUS)
        async with self.life.running():
            yield

    async def drain(self) -> None:
        """End running uploads with what they have, and streams; for the moment before a stop, whose
        time runs from here."""
        await self.life.drain()


def create_app(
    settings: Settings | None = None, hooks: Hooks | None = None, role: Role = Role.ALL
) -> Starlette:
    """tusline as an application of its own: the upload page at `/`, health, and all of the rest."""
    tusline = Tusline(settings, hooks, role)
    pages = Pages()
    parts = tusline.parts
    health = Health(parts.doors, parts.limits, tusline.life.working)
    app = Starlette(
        routes=[
            Route("/", pages.index),
            Route("/assets/{name}", pages.asset),
            Route("/healthz", health.alive),
            Route("/readyz", health.ready),
        ]
    )
    tusline.install(app)
    return app
