"""tusline as part of a Starlette or FastAPI application, or as one of its own."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

import structlog
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Route

from tusline.assembly import Embedded, embedded
from tusline.control import ControlServer
from tusline.errors import ServiceBusy
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
from tusline.logs import configure_embedded
from tusline.settings import Settings, load
from tusline.stopping import Stop

log = structlog.get_logger()


class Tusline:
    """Resumable uploads for an application.

        tusline = Tusline(Settings(data=Path("/var/uploads")), Hooks(authorize=who_is_it))
        tusline.install(app, prefix="/media")

    adds `/media/files`, `/media/uploads/…` and `/media/config` to `app`, and starts and stops
    tusline with it. A server that is to stop in time calls `drain` first (I10). Raises
    ConfigurationError at start when the settings do not fit the machine.
    """

    def __init__(self, settings: Settings | None = None, hooks: Hooks | None = None) -> None:
        configure_embedded()
        self.settings = settings or load()
        self.hooks = hooks or Hooks()
        self.parts: Embedded = embedded(self.settings)
        self._tasks: list[asyncio.Future[None]] = []
        self._stop = Stop(self.settings.stop_wait)
        self._closed: threading.Event | None = None

    # --- routes ------------------------------------------------------------------------------

    def install(self, app: Starlette, prefix: str = "") -> None:
        """Add the routes below `prefix`, and wrap the application's lifespan."""
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
        """Everything opened, the worker and the sweeper at work; closed in reverse."""
        parts = self.parts
        if self.hooks.authorize is None and not self.settings.allow_anonymous:
            log.warning("embedded.anonymous", way_out=ANONYMOUS)
        async with AsyncExitStack() as stack:
            await self._open(stack)
            parts.pool.open()
            stack.push_async_callback(self._stop.step, "children", parts.pool.close)
            control = ControlServer(parts.folder.layout.control, {"sweep": self._sweep})
            await control.open()
            stack.push_async_callback(control.close)
            service = parts.service
            stack.push_async_callback(self._stop.step, "settle", service.settler.idle)
            stack.push_async_callback(self._stop.step, "sync", service.watermarks.flush)
            for name, work in {
                "jobs": parts.jobs.work(parts.optimizer.run),
                "watermarks": service.watermarks.run(),
                "sweeper": self._sweeping(),
            }.items():
                self._tasks.append(await stack.enter_async_context(self._task(name, work)))
            stack.callback(self._tasks.clear)
            stack.callback(self._stop.begin)
            yield

    def working(self) -> bool:
        """Whether the worker and the sweeper are alive."""
        return bool(self._tasks) and not any(task.done() for task in self._tasks)

    def check(self) -> None:
        """Raises ConfigurationError for a folder that cannot be used, RecordsUnavailable for a
        database that cannot: for a clear word before a server starts."""
        parts = self.parts
        parts.folder.open()
        try:
            parts.records.open()
            parts.records.close()
        finally:
            parts.folder.close()

    async def drain(self) -> None:
        """End running uploads with what they have, and streams; for the moment before a stop, whose
        time runs from here."""
        self._stop.begin()
        self.parts.service.running.drain()

    def hanging(self) -> bool:
        """Whether the last stop has left something behind that still works in the folder."""
        return self._closed is not None and not self._closed.is_set()

    async def sweep_once(self) -> dict[str, Any]:
        """One sweep on a folder that no server holds. Raises ConfigurationError when one does.

        The optimizer does not run: what waits for it stays in the outbox.
        """
        parts = self.parts
        async with AsyncExitStack() as stack:
            await self._open(stack)
            swept = await self._sweep()
            await parts.service.settler.idle()
            return swept

    async def _open(self, stack: AsyncExitStack) -> None:
        parts = self.parts
        parts.folder.open()
        self._closed = None
        self._stop.reset()
        parts.service.running.reset()
        stack.push_async_callback(self._close)
        parts.records.open()
        await parts.jobs.open()
        stack.push_async_callback(self._stop.step, "queue", parts.jobs.close)

    async def _close(self) -> None:
        """In a thread: a step of the disk that hangs cannot be interrupted, only left behind. The
        folder stays locked until its end: nobody else works in it beside us."""
        loop, told, closed = asyncio.get_running_loop(), asyncio.Event(), threading.Event()
        self._closed = closed

        def close() -> None:
            try:
                self.parts.close()
            finally:
                closed.set()
                with suppress(RuntimeError):  # the loop is over, and nobody waits any more
                    loop.call_soon_threadsafe(told.set)

        threading.Thread(target=close, name="tusline-closing", daemon=True).start()
        try:
            async with asyncio.timeout(self._stop.left()):
                await told.wait()
        except TimeoutError:
            log.warning("stop.disk_hangs", waited=self.settings.stop_wait)

    async def _sweep(self) -> dict[str, Any]:
        return asdict(await self.parts.service.sweeper.sweep())

    async def _sweeping(self) -> None:
        """Sweep at the start, and then each `sweep_every`: what a crash left is found here."""
        while True:
            try:
                swept = await self._sweep()
                if any(swept.values()):
                    log.info("sweep.done", **swept)
            except ServiceBusy as error:
                log.warning("sweep.failed", code=error.code, error=str(error))
            except Exception:
                log.exception("sweep.failed")
            await asyncio.sleep(self.settings.sweep_every)

    @asynccontextmanager
    async def _task(
        self, name: str, work: Awaitable[None]
    ) -> AsyncGenerator["asyncio.Future[None]"]:
        """Run something beside the block, and cancel it at the end."""
        task = asyncio.ensure_future(work)
        task.add_done_callback(_tell_of_death)
        try:
            yield task
        finally:
            task.cancel()
            await self._stop.step(name, lambda: asyncio.wait({task}))


def _tell_of_death(task: "asyncio.Future[None]") -> None:
    """Background work ends by being cancelled; anything else must not go unnoticed."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("task.died", exc_info=error)


def create_app(settings: Settings | None = None, hooks: Hooks | None = None) -> Starlette:
    """tusline as an application of its own: the upload page at `/`, health, and all of the rest."""
    tusline = Tusline(settings, hooks)
    pages = Pages()
    parts = tusline.parts
    health = Health(parts.doors, parts.limits, tusline.working)
    app = Starlette(
        routes=[
            Route("/", pages.index),
            Route("/assets/{name}", pages.asset),
            Route("/healthz", health.alive),
            Route("/readyz", health.ready),
        ]
    )
    app.state.tusline = tusline
    tusline.install(app)
    return app
