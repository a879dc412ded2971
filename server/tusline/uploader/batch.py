"""Many files to one server, a few at a time: send, wait for the optimizer, compare the hash."""

import queue
import threading
import uuid
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace

from tusline.upload import Phase
from tusline.uploader.connection import Connection, SourceChanged
from tusline.uploader.patience import GaveUp, Patience, Stopped
from tusline.uploader.resume import InUse, ResumeStore, key
from tusline.uploader.sending import Sending
from tusline.uploader.sizer import Sizer
from tusline.uploader.source import Source
from tusline.uploader.status import Limits, Status, follow, limits
from tusline.uploader.verdict import Refused
from tusline.uploader.watching import Result, Watcher

FOLLOWERS = 4
"""How many sent files are asked after at a time: the oldest, which the server finishes first."""

EXPECTED = (Refused, GaveUp, SourceChanged, InUse, OSError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How to upload. `endpoint` is where uploads are created; `wait` for the optimizer or not;
    `give_up` is in seconds without progress; `headers` go with every request."""

    endpoint: str
    parallel: int = 2
    wait: bool = True
    give_up: float = 600.0
    headers: tuple[tuple[str, str], ...] = ()


class Batch:
    """Uploads files in daemon threads, so that whoever iterates over the results may stop."""

    def __init__(
        self, sources: Sequence[Source], plan: Plan, store: ResumeStore, watcher: Watcher
    ) -> None:
        self._sources = sources
        self._plan = plan
        self._store = store
        self._watcher = watcher
        self._stop = threading.Event()
        self._limits = Limits()
        self._to_send: queue.SimpleQueue[tuple[Source, str] | None] = queue.SimpleQueue()
        self._to_follow: queue.SimpleQueue[Result | None] = queue.SimpleQueue()
        self._ended: queue.SimpleQueue[Result | Exception] = queue.SimpleQueue()

    def run(self) -> Generator[Result]:
        """Upload everything; results come in the order in which the files end.

        What is finished stays remembered until everything is, so that a second run after a
        failure or an interruption does not send it again.
        """
        self._limits = self._ask_limits()
        self._fill()
        senders = [self._send_all] * min(self._plan.parallel, len(self._sources))
        followers = [self._follow_all] * min(FOLLOWERS, len(self._sources))
        for work in senders + followers:
            threading.Thread(target=self._guard, args=(work,), daemon=True).start()
        well = True
        try:
            for _ in self._sources:
                ended = self._ended.get()
                if isinstance(ended, Exception):
                    raise ended
                well = well and ended.failure is None
                yield ended
            if well:
                self._store.forget(*map(self._key, self._sources))
        finally:
            self._stop.set()
            for _ in followers:
                self._to_follow.put(None)

    def _ask_limits(self) -> Limits:
        connection = Connection(self._stop, self._plan.headers)
        try:
            return limits(connection, self._plan.endpoint)
        finally:
            connection.close()

    def _fill(self) -> None:
        """Queue the files, in groups no larger than the server's batches may be."""
        for number, source in enumerate(self._sources):
            if number % self._limits.max_files == 0:
                group = uuid.uuid4().hex
            self._to_send.put((source, group))
        for _ in range(self._plan.parallel):
            self._to_send.put(None)

    def _guard(self, work: Callable[[Connection], None]) -> None:
        """A thread's whole life: one connection; a bug in it ends the batch, not in silence."""
        connection = Connection(self._stop, self._plan.headers)
        try:
            work(connection)
        except Stopped:
            pass
        except Exception as error:
            self._ended.put(error)
        finally:
            connection.close()

    def _send_all(self, connection: Connection) -> None:
        sizer = Sizer(self._limits.chunks.under(self._limits.request_deadline))
        while (task := self._to_send.get()) is not None:
            result = self._send(*task, connection, sizer)
            if result.failure is None and self._plan.wait:
                self._to_follow.put(result)
            else:
                self._end(result)

    def _send(self, source: Source, group: str, connection: Connection, sizer: Sizer) -> Result:
        sending = Sending(
            source,
            self._plan.endpoint,
            metadata={"batch": group},
            connection=connection,
            sizer=sizer,
            store=self._store,
            watcher=self._watcher,
            patience=Patience(self._plan.give_up, self._stop),
        )
        try:
            sent = sending.run()
        except EXPECTED as error:
            return Result(source=source, failure=_in_words(error))
        return Result(
            source=source, url=sent.url, resumed_at=sent.resumed_at, sent_again=sent.sent_again
        )

    def _follow_all(self, connection: Connection) -> None:
        while (result := self._to_follow.get()) is not None:
            self._end(self._follow(result, connection))

    def _follow(self, result: Result, connection: Connection) -> Result:
        source = result.source

        def tell(status: Status) -> None:
            self._watcher.optimizing(source, status)

        try:
            patience = Patience(self._plan.give_up, self._stop)
            status = follow(connection, result.url or "", patience, tell)
            local = source.sha256()
        except EXPECTED as error:
            return replace(result, failure=f"sent, but then: {_in_words(error)}")
        return judged(result, status, local)

    def _key(self, source: Source) -> str:
        return key(source.fingerprint, self._plan.endpoint)

    def _end(self, result: Result) -> None:
        if result.failure is not None and result.status is not None:
            self._store.forget(self._key(result.source))  # another try needs another upload
        self._watcher.ended(result)
        self._ended.put(result)


def judged(result: Result, status: Status, local: str) -> Result:
    """The result of a sent file, from the server's last word and the local file's SHA-256."""
    told = status.original.sha256 if status.original else None
    verified = None if told is None else told == local
    failure = None
    if status.phase is not Phase.READY:
        reason = status.reason
        words = f"{reason.code}: {reason.message}" if reason else f"the upload is {status.phase}"
        failure = f"stored, but not optimized: {words}" if status.phase is Phase.FAILED else words
    if verified is False:
        failure = (
            "sha256-mismatch: what the server stored is not what the file holds. If the file was "
            "changed meanwhile, send it again"
        )
    return replace(result, status=status, sha256=local, verified=verified, failure=failure)


def _in_words(error: Exception) -> str:
    if isinstance(error, InUse):
        return "another `tusline upload` is sending this file"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return str(error)
