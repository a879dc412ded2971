"""PATCH, told once: lease, bytes into a writer, commits, and the end (design: begin to end)."""

import asyncio
from dataclasses import dataclass

import structlog

from tusline import rules, topics
from tusline.body import Body
from tusline.endings import Ended
from tusline.errors import (
    BytesLost,
    LeaseLost,
    RecordsUnavailable,
    RejectedUpload,
    ServiceBusy,
    StoreFull,
    TuslineError,
)
from tusline.interfaces import Writer
from tusline.rules import Append, Limits
from tusline.service.breaking import Breaker, refusal_of
from tusline.service.clearing import Clearer
from tusline.service.doors import Doors
from tusline.service.lease import Lease
from tusline.service.leases import Leases
from tusline.service.running import Running
from tusline.service.session import LATE, Rhythm, Session
from tusline.service.settling import Settler
from tusline.service.terminating import Terminator
from tusline.upload import Delta, Phase, Upload, UploadId

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """How an append ended: the record now, how many bytes it added, why the body ended.

    `error` is the store's, when it failed (the bytes before it are kept, where no checksum is
    missing), or the refusal of a whole body by its checksum.
    """

    upload: Upload
    added: int
    ended: Ended
    error: TuslineError | None = None


class Appender:
    """Appends request bodies to uploads."""

    def __init__(
        self,
        doors: Doors,
        leases: Leases,
        settler: Settler,
        clearer: Clearer,
        breaker: Breaker,
        terminator: Terminator,
        running: Running,
        *,
        limits: Limits,
        rhythm: Rhythm,
    ) -> None:
        self._records = doors.records
        self._store = doors.store
        self._signals = doors.signals
        self._clock = doors.clock
        self._leases = leases
        self._settler = settler
        self._clearer = clearer
        self._breaker = breaker
        self._terminator = terminator
        self._running = running
        self._limits = limits
        self._rhythm = rhythm

    async def append(
        self, id: UploadId, append: Append, body: Body, *, owner: str | None
    ) -> Appended:
        """Append a PATCH's body. Raises the refusals of `rules`, and Busy, with the expiry of the
        upload as it was seen."""
        seen: Upload | None = None

        def check(upload: Upload) -> None:
            nonlocal seen
            seen = None
            rules.must_take_bytes(upload, owner=owner, now=self._clock.now())
            seen = upload
            rules.may_append(upload, append, max_size=self._limits.max_size)

        try:
            grant = await self._leases.acquire(id, check, expect=append.offset)
            if grant.lease is None:
                return await self._nothing_to_add(grant.upload, body)
            return await self.receive(grant.lease, body, length=append.length)
        except TuslineError as error:
            if seen is not None and not isinstance(error, RejectedUpload):
                error.expires = seen.lapses
            raise

    async def _nothing_to_add(self, upload: Upload, body: Body) -> Appended:
        """An empty PATCH at the end of a complete upload is a success (X-04)."""
        with self._running.at(body):
            piece = await body.read()
        ended = body.ended if piece is None and body.ended else Ended.TOO_LONG
        verifier = body.verifier if ended is Ended.COMPLETE else None
        refusal = None if verifier is None else verifier.refusal()
        return Appended(upload=upload, added=0, ended=ended, error=refusal)

    async def receive(
        self, lease: Lease, body: Body, *, length: int | None = None, creating: bool = False
    ) -> Appended:
        """Take a body under a granted lease, and release it (or hand it to the settler).

        `length` is what this request declares for an upload of deferred length. `creating`: the
        upload was made for this body, and goes away with it when it is refused (CWU-06, CWU-08).
        """
        known = lease.upload.length if length is None else length
        session = Session(lease, body, self._rhythm, length=known)
        stop = self._signals.listen(topics.let_go(lease.upload.id), lambda: body.stop(Ended.LET_GO))
        try:
            with self._running.at(body):
                await self._take(session, body, known)
        finally:
            stop()
            # Whatever happened, the lease must not stay: nobody would renew or release it.
            body.stop(Ended.FAILED)  # no effect but after an unforeseen exception
            appended = await asyncio.shield(self._end(session, body, creating=creating))
        return appended

    async def _take(self, session: Session, body: Body, length: int | None) -> None:
        """Bytes into the store. What goes wrong there ends the body and stands in the session."""
        lease = session.lease
        if lease.upload.complete:
            await _pump(body, None, session, 0)
            return
        room = (self._limits.max_size if length is None else length) - lease.upload.offset
        kept = self._leases.kept(
            lease,
            wanted=lambda: body.stop(Ended.LET_GO),
            lost=lambda: body.stop(Ended.LEASE_LOST),
        )
        try:
            async with kept:
                if self._rhythm.strict and lease.upload.synced < lease.upload.offset:
                    # Bytes of other extents, which this request's writer does not sync.
                    await session.in_time(self._store.sync(lease.upload))
                writer = await self._store.open(lease.upload, lease.token, session)
                async with session.writing(writer):
                    await _pump(body, writer, session, room)
        except (StoreFull, ServiceBusy) as error:
            log.warning("append.failed", upload_id=lease.upload.id, error=str(error))
            session.fail(error)
        except LeaseLost:
            body.stop(Ended.LEASE_LOST)

    async def _end(self, session: Session, body: Body, *, creating: bool) -> Appended:
        """Not much longer than the request may last (I6), whatever does not answer: then the lease
        runs out, or is overtaken. Raises RecordsUnavailable."""
        left = body.left()
        try:
            async with asyncio.timeout(None if left is None else left + LATE):
                return await self._concluded(session, body, creating=creating)
        except TimeoutError as error:
            raise RecordsUnavailable("the end of the request took too long") from error

    async def _concluded(self, session: Session, body: Body, *, creating: bool) -> Appended:
        ended = body.ended or Ended.FAILED
        try:
            await session.settled()
            if isinstance(session.failure, BytesLost):
                now = await self._breaker.give_up(session.lease.upload, session.failure)
                return Appended(upload=now, added=0, ended=ended, error=session.failure)
            well = ended is Ended.COMPLETE and session.verified()
            if creating and _refused(session, ended):
                now = await self._terminator.remove(session.lease)
                return Appended(upload=now, added=0, ended=ended, error=session.failure)
            rest = session.rest(ended_well=well)
            added = session.added + rest.added
            if well and session.lease.upload.grown(rest).complete:
                now = await self._settle(session.lease, rest, body)
            else:
                now = await session.lease.end(rest, _note(session, ended))
        except LeaseLost:
            now = await self._clearer.tidy_now(session.lease.upload)
            added, ended = session.added, Ended.LEASE_LOST
        except Exception:
            await self._leases.release(session.lease)  # no effect where it is gone already
            raise
        return Appended(upload=now, added=added, ended=ended, error=session.failure)

    async def _settle(self, lease: Lease, rest: Delta, body: Body) -> Upload:
        """The commit that completes the upload, and all that follows, under the same lease."""
        if rest:
            await lease.add(rest)
        settled = await self._settler.settle_held(lease, left=body.left())
        if settled is not None and settled.phase is Phase.REJECTED:
            raise refusal_of(settled)
        return settled or lease.upload


def _refused(session: Session, ended: Ended) -> bool:
    """Whether the body is to blame, and would be again."""
    return ended is Ended.TOO_LONG or (session.failure is not None and session.failure.status < 500)


def _note(session: Session, ended: Ended) -> str:
    """For the timeline: how the request ended, and how many of its bytes do not count."""
    failed = session.failure if ended is Ended.COMPLETE else None
    why = failed.code if failed else ended
    dropped = f", {session.dropped} bytes discarded" if session.dropped else ""
    return f"request {why}{dropped}"


async def _pump(body: Body, writer: Writer | None, session: Session, room: int) -> None:
    """Bytes from the body into the writer, never more than there is room for (without a writer:
    none)."""
    while (piece := await body.read()) is not None:
        if len(piece) > room or writer is None:
            body.stop(Ended.TOO_LONG)
            return
        room -= len(piece)
        session.lease.saw(piece)
        await writer.write(piece)
