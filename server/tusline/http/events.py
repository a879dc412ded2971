"""GET /uploads/events: the status of a batch of uploads as server-sent events."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from tusline import topics
from tusline.errors import BadRequest, ServiceBusy, TuslineError, UnknownUpload
from tusline.headers import Headers
from tusline.hooks import Action
from tusline.http.doorman import Doorman
from tusline.http.status import problem, status_of
from tusline.interfaces import Signals
from tusline.service.looking import Looker
from tusline.service.running import Running
from tusline.upload import ID, OVER, Phase, Upload, UploadId

ENDED = OVER | {Phase.READY, Phase.FAILED}
"""Phases after which a watcher has nothing to wait for."""

RETRY_MS = 2000
"""Milliseconds after which a browser reconnects a broken stream."""

AGAIN = 2.0
"""Seconds after which records that did not answer are asked again; they take their time to say so,
and a stream is not silent for much longer than a beat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """`every`: least seconds between two events of a stream (they are merged). `beat`: seconds of
    silence before an empty event is sent. `ids`: uploads a stream may follow."""

    every: float
    beat: float
    ids: int


class News:
    """Which of a stream's uploads have changed since they were last told; all of them at first."""

    def __init__(self, ids: Iterable[UploadId]) -> None:
        self.dirty = set(ids)
        self.woken = asyncio.Event()
        self._ids = frozenset(self.dirty)

    @contextmanager
    def listening(self, signals: Signals) -> Generator[None]:
        stops = [
            signals.listen(topics.changed(id), partial(self._add, id), catch_up=True)
            for id in self._ids
        ]
        try:
            yield
        finally:
            for stop in stops:
                stop()

    def take(self, wanted: set[UploadId]) -> list[UploadId]:
        """The changed ones among those wanted; they count as told."""
        self.woken.clear()
        taken, self.dirty = sorted(self.dirty & wanted), set()
        return taken

    def again(self, ids: set[UploadId]) -> None:
        """Have these looked at, changed or not."""
        self.dirty |= ids

    def _add(self, id: UploadId) -> None:
        self.dirty.add(id)
        self.woken.set()


class Events:
    """One stream for a whole batch, since browsers allow few connections. It ends by itself when
    every upload has ended, and at a drain."""

    def __init__(
        self,
        looker: Looker,
        doorman: Doorman,
        signals: Signals,
        base: str,
        pulse: Pulse,
        running: Running,
    ) -> None:
        self._looker = looker
        self._doorman = doorman
        self._signals = signals
        self._base = base
        self._pulse = pulse
        self._running = running

    async def endpoint(self, request: Request) -> Response:
        given = Headers(request.scope["headers"])
        response: Response
        try:
            owned = await self._admitted(request, given)
            base = str(request.scope.get("root_path", "")) + self._base
            seen = last_seen(given.get("last-event-id"))
            stream = self._stream(owned, base, seen)
            response = StreamingResponse(stream, media_type="text/event-stream")
        except TuslineError as error:
            response = JSONResponse(
                problem(error), error.status, media_type="application/problem+json"
            )
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Accel-Buffering"] = "no"  # nginx would hold events back
        return response

    async def _admitted(self, request: Request, given: Headers) -> dict[UploadId, str | None]:
        """The uploads asked for, with the owner that the caller has for each. Raises BadRequest,
        and what the doorman refuses with."""
        asked = request.query_params.get("ids", "")
        ids = list(dict.fromkeys(UploadId(part) for part in asked.split(",") if part))
        if not 0 < len(ids) <= self._pulse.ids:
            raise BadRequest(f"give 1 to {self._pulse.ids} ids: ?ids=a,b,c", code="bad-ids")
        if not all(map(ID.fullmatch, ids)):
            raise BadRequest(
                "an id is the last part of an upload's URL, 16 to 64 signs", code="bad-ids"
            )
        peer = request.client.host if request.client else None
        return {id: (await self._doorman.admit(Action.LOOK, id, given, peer)).sees for id in ids}

    async def _stream(
        self, owned: dict[UploadId, str | None], base: str, seen: dict[UploadId, int]
    ) -> AsyncGenerator[bytes]:
        """A snapshot of each upload, then each change; the newest state only, never a backlog."""
        news = News(owned)
        open_ids = set(owned)
        with self._running.listening(news.woken.set), news.listening(self._signals):
            yield f"retry: {RETRY_MS}\n\n".encode()
            while open_ids and not self._running.draining:
                patience = self._pulse.beat
                for id in news.take(open_ids):
                    try:
                        upload = await self._look(id, owned[id])
                    except ServiceBusy:  # the records are away, and will come back
                        news.again(open_ids)
                        patience = AGAIN
                        break
                    if upload is None or upload.phase in ENDED:
                        open_ids.discard(id)
                    if upload is None:
                        yield _event("gone", id, {"id": id})
                    elif seen.get(id) != upload.version:
                        seen[id] = upload.version
                        yield _event("upload", f"{id}:{upload.version}", status_of(upload, base))
                if open_ids and not await self._wait(news.woken, patience):
                    yield _event("beat", "", {})  # named: a page cannot see comments
                    news.again(open_ids)  # a signal may have been lost
            if not open_ids:
                yield _event("end", "", {})

    async def _look(self, id: UploadId, owner: str | None) -> Upload | None:
        try:
            return await self._looker.look(id, owner=owner)
        except UnknownUpload:
            return None

    async def _wait(self, woken: asyncio.Event, seconds: float) -> bool:
        """Whether something changed in time; changes in quick succession are merged."""
        try:
            async with asyncio.timeout(seconds):
                await woken.wait()
        except TimeoutError:
            return False
        await asyncio.sleep(self._pulse.every)
        return True


def _event(name: str, id: str, data: dict[str, Any]) -> bytes:
    head = f"id: {id}\n" if id else ""
    return f"event: {name}\n{head}data: {json.dumps(data)}\n\n".encode()


def last_seen(value: str | None) -> dict[UploadId, int]:
    """`<id>:<version>` of the last event a client got: that one need not be told again."""
    id, _, version = (value or "").partition(":")
    known = ID.fullmatch(id) and re.fullmatch("[0-9]{1,19}", version)
    return {UploadId(id): int(version)} if known else {}
