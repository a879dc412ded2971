"""The upload page, its assets, the limits for clients, and whether we are alive."""

from collections.abc import Callable
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from tusline.errors import RecordsUnavailable, TuslineError
from tusline.http.status import problem
from tusline.http.tus import Announced
from tusline.rules import Limits, has_room
from tusline.service.doors import Doors

SECURITY = (
    "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'self'; form-action 'self'"
)
MEDIA = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}

CHUNK_BYTES = {"start": 131072, "min": 32768, "max": 8388608}
CHUNK_SECONDS = 8.0
CHUNK_SHARE = 0.32
"""A chunk aims at CHUNK_SECONDS, or at this share of the request deadline where that is less: a
line that falls to a third of its rate does not meet the deadline yet."""


def chunk_hints(request_deadline: float) -> dict[str, float]:
    """Hints for adaptive clients: sizes in bytes, and how many seconds a chunk should take."""
    seconds = min(CHUNK_SECONDS, CHUNK_SHARE * request_deadline or CHUNK_SECONDS)
    return {**CHUNK_BYTES, "seconds": round(seconds, 2)}


class Pages:
    """Static parts, read once from the package."""

    def __init__(self) -> None:
        folder = files("tusline").joinpath("page")
        self._index = folder.joinpath("index.html").read_bytes()
        self._assets = dict(_assets(folder.joinpath("assets")))

    async def index(self, request: Request) -> Response:
        return Response(
            self._index,
            media_type="text/html",
            headers={
                "Cache-Control": "no-cache",
                "Content-Security-Policy": SECURITY,
                "X-Content-Type-Options": "nosniff",
                "Referrer-Policy": "no-referrer",
            },
        )

    async def asset(self, request: Request) -> Response:
        """Names hold a hash of the content, so they may be kept for ever."""
        found = self._assets.get(request.path_params["name"])
        if found is None:
            return PlainTextResponse("there is no such asset\n", 404)
        content, media_type = found
        told = {
            "Cache-Control": "public, max-age=31536000, immutable",
            "X-Content-Type-Options": "nosniff",
        }
        return Response(content, media_type=media_type, headers=told)


def _assets(folder: Traversable) -> list[tuple[str, tuple[bytes, str]]]:
    return [
        (file.name, (file.read_bytes(), MEDIA[suffix]))
        for file in folder.iterdir()
        if (suffix := "." + file.name.rpartition(".")[2]) in MEDIA
    ]


class Config:
    """GET /config: what a client should know before it starts."""

    def __init__(self, told: dict[str, Any], announced: Announced) -> None:
        self._told = told
        self._announced = announced

    async def endpoint(self, request: Request) -> Response:
        told = self._told | {"extensions": list(self._announced.under(request.scope))}
        return JSONResponse(told, headers={"Cache-Control": "no-cache"})


class Health:
    """/healthz says that the process lives, /readyz that it can serve uploads. Where there is
    no room for new ones it says so, and stays ready: the ones that have begun live here."""

    def __init__(self, doors: Doors, limits: Limits, working: Callable[[], bool]) -> None:
        self._records = doors.records
        self._store = doors.store
        self._jobs = doors.jobs
        self._limits = limits
        self._working = working

    async def alive(self, request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def ready(self, request: Request) -> Response:
        try:
            await self._records.pending(after="", limit=1)
        except TuslineError as error:
            return JSONResponse(problem(error), 503, media_type="application/problem+json")
        if not self._working():
            return JSONResponse({"ready": False, "why": "the background work has died"}, 503)
        depth, workers = await self._queue()
        told = {"ready": True, "jobs": depth, "jobs_limit": self._limits.queue_limit}
        return JSONResponse(told | {"workers": workers} | await self._creating(depth or 0))

    async def _queue(self) -> tuple[int | None, int | None]:
        """Its depth, and who works at it. Uploads do not need it: nulls where it is away."""
        try:
            return await self._jobs.depth(), await self._jobs.workers()
        except RecordsUnavailable:
            return None, None

    async def _creating(self, depth: int) -> dict[str, object]:
        try:
            has_room(self._limits, length=0, free=await self._store.free(), depth=depth)
        except TuslineError as error:
            return {"creating": False, "code": error.code, "why": error.message}
        return {"creating": True}
