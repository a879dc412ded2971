"""PATCH, told once: lease, bytes into a writer, commits, and the end (design: begin to end)."""

import asyncio
from dataclasses import dataclass

import structlog

from tusline import rules, topics
from tusline.body import Body
from tusline.endings import Ended
from tusline.errors import LeaseLost, StoreFull, StoreUnavailable, TuslineError
from tusline.interfaces import BlobStore, Clock, Records, Signals, Writer
from tusline.rules import Append, Limits
from tusline.service.leases import Leases
from tusline.service.running import Running
from tusline.service.session import Rhythm, Session
from tusline.service.settling import Settler
from tusline.upload import Delta, Phase, Upload, UploadId

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """How an append ended: the record now, how many bytes it added, why the body ended.

    `error` is the store's, when it failed; the bytes before it are kept.
    """

    upload: Upload
    added: int
    ended: Ended
    error: TuslineError | None = None


class Appender:
    """Appends request bodies to uploads."""

    def __init__(
        self,
        records: Records,
        store: BlobStore,
        signals: Signals,
        clock: Clock,
        leases: Leases,
        settler: Settler,
        running: Running,
        *,
        limits: Limits,
        rhythm: Rhythm,
        finish_wait: float,
    ) -> None:
        self._records = records
        self._store = store
        self._signals = signals
        self._clock = clock
        self._leases = leases
        self._settler = settler
        self._running = running
        self._limits = limits
        self._rhythm = rhythm
        self._finish_wait = finish_wait

    async def append(
        self, id: UploadId, append: Append, body: Body, *, owner: str | None
    ) -> Appended:
        """Append a PATCH's body. Raises the refusals of `rules`, and Busy."""

        def check(upload: Upload) -> None:
            rules.must_exist(upload, owner=owner, now=self._clock.now())
            rules.may_append(upload, append, max_size=self._limits.max_size)

        grant = await self._leases.acquire(id, check, expect=append.offset)
        if grant.token is None:
            return await self._nothing_to_add(grant.upload, body)
        return await self.receive(grant.upload, grant.token, body, length=append.length)

    async def _nothing_to_add(self, upload: Upload, body: Body) -> Appended:
        """An empty PATCH at the end of a finished upload is a success (X-04)."""
        piece = await body.read()
        ended = body.ended if piece is None and body.ended else Ended.TOO_LONG
        return Appended(upload=upload, added=0, ended=ended)

    async def receive(
        self, upload: Upload, token: int, body: Body, *, length: int | None
    ) -> Appended:
        """Take a body under a granted lease, and release it (or hand it to the settler).

        `length` is what this request declares for an upload of deferred length.
        """
        session = Session(
            upload,
            token,
            length=upload.length if length is None else length,
            body=body,
            records=self._records,
            signals=self._signals,
            rhythm=self._rhythm,
        )
        stop = self._signals.listen(topics.let_go(upload.id), lambda: body.stop(Ended.LET_GO))
        self._running.enter(body)
        error: TuslineError | None = None
        try:
            async with self._leases.kept(
                upload.id,
                token,
                wanted=lambda: body.stop(Ended.LET_GO),
                lost=lambda: body.stop(Ended.LEASE_LOST),
            ):
                error = await self._store_body(upload, token, body, session, length)
        finally:
            stop()
            self._running.leave(body)
            # Whatever happened, the lease must not stay: nobody would renew or release it.
            appended = await asyncio.shield(self._end(upload, token, body, session, error))
        return appended

    async def _store_body(
        self, upload: Upload, token: int, body: Body, session: Session, length: int | None
    ) -> TuslineError | None:
        room = rules.may_append(
            upload,
            Append(offset=upload.offset, length=length, body=None),
            max_size=self._limits.max_size,
        )
        try:
            writer = await self._store.open(upload, token, session)
            try:
                await _pump(body, writer, session, room)
                await writer.flush()
            finally:
                writer.abandon()
        except (StoreFull, StoreUnavailable) as error:
            log.warning("append.store_failed", upload_id=upload.id, error=str(error))
            body.stop(Ended.FAILED)
            return error
        except LeaseLost:
            body.stop(Ended.LEASE_LOST)
        return None

    async def _end(
        self,
        upload: Upload,
        token: int,
        body: Body,
        session: Session,
        error: TuslineError | None,
    ) -> Appended:
        body.stop(Ended.FAILED)  # no effect but after an unforeseen exception
        ended = body.ended or Ended.FAILED
        rest = await session.rest(ended_well=ended is Ended.COMPLETE)
        added = session.added + rest.added
        try:
            now = await self._close(session, token, rest, ended, body)
        except LeaseLost:
            now, ended = await self._records.get(upload.id), Ended.LEASE_LOST
            return Appended(upload=now, added=session.added, ended=ended, error=error)
        return Appended(upload=now, added=added, ended=ended, error=error)

    async def _close(
        self, session: Session, token: int, rest: Delta, ended: Ended, body: Body
    ) -> Upload:
        """Last commit, and release; a complete upload is settled under the same lease."""
        upload = session.upload
        if ended is Ended.COMPLETE and upload.grown(rest).complete:
            await session.commit(rest)
            return await self._settle(session.upload, token, body)
        now = await self._records.end(upload.id, token, session.stamped(rest), ended)
        await self._signals.notify(topics.free(upload.id))
        await self._signals.notify(topics.changed(upload.id))
        return now

    async def _settle(self, upload: Upload, token: int, body: Body) -> Upload:
        """Settle within the time that is left; what takes longer goes on behind the answer."""
        left = body.left()
        wait = self._finish_wait if left is None else min(self._finish_wait, left)
        task = self._settler.in_background(upload, token)
        await asyncio.wait({task}, timeout=wait)
        settled = task.result() if task.done() else None
        if settled is not None and settled.phase is Phase.REJECTED:
            raise rules.rejection(settled)
        return settled or upload


async def _pump(body: Body, writer: Writer, session: Session, room: int) -> None:
    """Bytes from the body into the writer, never more than there is room for."""
    while (piece := await body.read()) is not None:
        if len(piece) > room:
            body.stop(Ended.TOO_LONG)
            return
        room -= len(piece)
        session.saw(piece)
        await writer.write(piece)
