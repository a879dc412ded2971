"""The doors: every place where tusline meets a database, a disk, another process or the time.

Each adapter of a door passes the same suite in `tests/contracts`; the docstrings here are the
contract. Values go in and out, never an adapter's own types. All methods may raise
`RecordsUnavailable` or `StoreUnavailable` when the part behind the door does not answer.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tusline.errors import TuslineError
from tusline.upload import Delta, Event, Job, Outcome, Phase, Reason, Upload, UploadId


class Clock(Protocol):
    """Nothing else asks for the time."""

    def now(self) -> float:
        """The wall clock's time, in seconds since the epoch."""

    def steady(self) -> float:
        """Seconds since the machine was booted; nobody sets them."""


# --- Records -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """Answer of `begin`: the record as it was before, and the token if the lease was granted.

    Without a token the lease is held under `upload.token` by somebody else, or the offset asked
    for is not the upload's.
    """

    upload: Upload
    token: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """Answer of `commit`: the upload's offset, and whether somebody asks the holder to let go."""

    offset: int
    wanted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Uploads that need the sweeper: each list is bounded by the limit asked for."""

    expired: tuple[Upload, ...]
    unsettled: tuple[Upload, ...]
    joinable: tuple[Upload, ...]
    unsynced: tuple[Upload, ...]
    leftover: tuple[Upload, ...]
    outdated: tuple[Upload, ...]
    forgettable: tuple[Upload, ...]


class Records(Protocol):
    """Upload records and their leases: one door, because the fence must live in the record.

    Every method that takes an id is one round trip and atomic. A lease is the right to append:
    it belongs to the newest fencing token, and runs out after `lease_ttl` without a commit. A
    token is max(last + 1, the records' clock in µs), so that none repeats even if the records
    are lost.
    """

    async def create(
        self, upload: Upload, *, lease: bool, key: str | None = None, most: int | None = None
    ) -> Begun:
        """Add a record; with `lease`, grant its first lease in the same step.

        `most`: so many uploads of the same owner and batch may there be that are not over, this
        one counted; creations at once do not pass it either. Raises BatchFull: nothing is made.

        `key` is the owner's own name for this creation. While it names an upload that is not over
        (`rules.is_over`), that one is answered, without a token, and nothing is made: creations
        under one key make one upload, also when they come at once. Else it names the new one.

        Where key and record cannot be written in one step (two slots of a cluster), the key comes
        first; a record that is missing under the id that a key names is then made under that id,
        so that an answer with another id than was given may have a token, too; not for another
        file: that raises KeyReused. A place in a batch is taken before the record as well, and
        stays taken for a while when that is never made. Keys and batches may be forgotten after
        a month.

        A final upload is put down at its members (`Upload.finals`), which live on by that, until
        it is finished or over; where that is not one step, it comes first: what is put down and
        does not exist is harmless. It has no expiry: it lives as long as its members do.
        """

    async def named(self, owner: str, key: str) -> Upload | None:
        """The upload that a creation under this key would be answered; None: it would make one."""

    async def get(self, id: UploadId) -> Upload:
        """Raises UnknownUpload."""

    async def begin(
        self,
        id: UploadId,
        *,
        expect: int | None = None,
        want: bool = False,
        overtake: int | None = None,
    ) -> Begun:
        """Take the lease if the offset is `expect` (None: any) and nobody holds it.

        A lease that is held is left alone; with `want` it is marked, which the holder's next
        commit tells it; it is taken over only when `overtake` is its token. Where the offset is
        another one, nobody is disturbed. Only an upload that is RECEIVING has a lease, and a final
        one has none for who expects an offset: it takes no bytes from clients.
        """

    async def commit(self, id: UploadId, token: int, delta: Delta) -> Committed:
        """Make a delta part of the upload and renew the lease.

        The delta numbered like the last one is that one again (its answer got lost) and changes
        nothing; an empty delta only renews. Raises LeaseLost, also once the lease has run out or
        was released, and for a number out of order."""

    async def end(self, id: UploadId, token: int, delta: Delta, note: str) -> Upload:
        """Last commit and release in one step. `note` goes into the timeline ("": nothing does).
        Raises LeaseLost, also when it is repeated after a lost answer: `get` tells then."""

    async def synced(self, id: UploadId, offset: int) -> None:
        """Note that committed bytes below `offset` survive a power cut (I11). The mark never goes
        down, and never beyond the upload's offset. Needs no lease: what is committed is not
        written again."""

    async def finish(self, id: UploadId, token: int, content_type: str | None) -> Upload:
        """RECEIVING → RECEIVED, the outbox entry and the release in one step. Raises LeaseLost."""

    async def retire(
        self, id: UploadId, phase: Phase, reason: Reason | None, *, token: int | None = None
    ) -> Upload:
        """Move to REJECTED, EXPIRED or TERMINATED, and drop lease and outbox entry: the record
        as it is then, with all that its bytes are stored under.

        Every later commit, finish or publish under an older token is refused. An upload that is
        over already stays as it is, whoever asks, and one that was stored does not expire by this
        (but see `drop_original`). With `token`, only while it is the upload's newest, whether its
        lease still runs or not: else LeaseLost. Raises UnknownUpload.
        """

    async def discarded(self, id: UploadId) -> None:
        """Note that the bytes of an upload that is over are gone."""

    async def drop_original(self, id: UploadId) -> Upload:
        """Note that the original of a READY or FAILED upload is to go: the record then. Without
        variants nothing is left of such an upload, and it becomes EXPIRED. An upload in another
        phase stays as it is. Raises UnknownUpload."""

    async def original_dropped(self, id: UploadId) -> None:
        """Note that the bytes of an original that was to go are gone."""

    async def forget(self, id: UploadId) -> None:
        """Delete the record of an upload that is over and holds no bytes any more, with its
        timeline and its key. Any other record stays. Idempotent."""

    async def restore(self, upload: Upload) -> Upload:
        """Put an upload in place that the store has recalled, without a lease, and with an outbox
        entry if it is RECEIVED: the record then. Only where there is none, or one that was written
        before records were lost; any other stays, and is answered, though it may lose its lease."""

    async def missing(self, ids: Sequence[UploadId]) -> list[UploadId]:
        """Those of which there is no record; nothing is asked of the store."""

    async def gaps(self) -> str:
        """ "" when no record is missing that was there once; else, after a loss and at the first
        start, a mark for `close_gaps`. Meanwhile each id that the records do not know is asked of
        the store. Whoever gets every upload that the store holds (`get` restores it) closes the
        gaps."""

    async def close_gaps(self, mark: str) -> bool:
        """Nothing is missing any more of what was when `gaps` gave this mark. False: more has got
        lost since, and the store has to be walked through once more."""

    async def due(self, limit: int) -> Due:
        """What the sweeper should look at: past their expiry and not held (complete ones only if
        they are partial and nobody waits for them); complete but not finished and not held;
        pending final uploads whose members are all complete, or one of them gone (or may be);
        not held and not synced up to their offset; over but with bytes left; READY or FAILED for
        longer than originals are kept, or with an original that is to go and is not gone; over,
        without bytes, for longer than records are kept."""

    async def pending(self, *, after: str, limit: int) -> tuple[list[UploadId], str]:
        """Uploads in the outbox, `limit` at a time: pass the cursor on, "" starts and ends it."""

    async def start_job(self, id: UploadId) -> Job | None:
        """→ OPTIMIZING with a new job token, attempts + 1. None when there is nothing to do."""

    async def postpone(self, id: UploadId, token: int) -> None:
        """→ RECEIVED, and the attempt given back: the job stopped for a fault that was not the
        file's. The outbox still names the upload. Raises StaleJob."""

    async def publish(self, id: UploadId, token: int, outcome: Outcome) -> Upload:
        """The job's end, and the outbox entry's, in one step. Raises StaleJob."""

    async def timeline(self, id: UploadId) -> list[Event]:
        """What happened to an upload, oldest first, bounded."""


# --- Blobs ---------------------------------------------------------------------------------------


class Ledger(Protocol):
    """Where a writer says what is durable. The session behind it commits in its own rhythm."""

    @property
    def unverified(self) -> bool:
        """Whether bytes that are told may be taken back: a checksum of them is still to come."""

    async def lasting(self, wait: Awaitable[None]) -> bool:
        """Wait, but no longer than the request is to last; whether that was long enough. For what
        slows a request down, and may not keep it from ending (I6, I10)."""

    def add(self, delta: Delta) -> None:
        """`delta` is durable, in order, from where the last one ended. Never waits."""

    async def record(self, delta: Delta) -> None:
        """Commit now, with everything added before, and return when it stands in the record.

        For entries that must be journalled before an effect (I4: a part number before the part is
        sent), and, empty, to learn whether the lease still holds. Bytes go through `add` only: the
        last of them may have to be held back, and all where a checksum is pending; what is recorded
        goes before them then. Raises LeaseLost, ValueError for bytes."""

    def fail(self, error: TuslineError) -> None:
        """What was written cannot become durable: the request should end with this error."""


class Writer(Protocol):
    """Bytes for one upload under one fencing token, from the record's offset on."""

    async def write(self, data: bytes) -> None:
        """Take bytes; waits when its buffer is full. Raises StoreFull, StoreUnavailable."""

    async def flush(self) -> None:
        """On return the ledger has been told of every byte taken."""

    async def sync(self) -> None:
        """On return every byte told to the ledger survives a power cut. Raises BytesLost when
        that failed: what was written may be gone, and no later sync can tell."""

    def abandon(self) -> None:
        """Let go of the bytes' place at once; what was not added to the ledger may be lost.
        Always called last, after a flush or instead of one. Never raises, never waits."""

    def fileno(self) -> int | None:
        """A file descriptor that stands where the next byte goes, for a spliced fast path, or
        None. Not to be used beside `write`; the writer must not be abandoned meanwhile."""

    def spliced(self, count: int) -> None:
        """`count` bytes went into the descriptor: they count as if they had been written."""


class BlobStore(Protocol):
    """Bytes of uploads and of variants. It keeps no state but the journal in the record."""

    async def open(self, upload: Upload, token: int, ledger: Ledger) -> Writer:
        """A writer at the record's offset. Bytes beyond it, written by whoever, are never read
        again; an overtaken writer that still lives cannot touch what this one writes (I4)."""

    async def concat(
        self, upload: Upload, members: Sequence[Upload], token: int, ledger: Ledger
    ) -> None:
        """Join the members' bytes, in order, into a final upload that has none yet.

        All of them are added to the ledger at once, when they survive a power cut: a copy that
        breaks off is never seen, and done anew by the next call. A long copy asks `ledger.record`,
        without bytes, now and then whether to go on, and ends by what it raises; a short one may
        never ask. Members are complete, and only read: without locks, since committed bytes never
        change. Raises StoreFull, MemberLost when bytes of a member are not there (any more).
        """

    async def sync(self, upload: Upload) -> None:
        """On return every byte below the record's offset survives a power cut, whoever writes
        beyond it meanwhile. Raises BytesLost as `Writer.sync` does."""

    async def seal(self, upload: Upload, token: int, ledger: Ledger) -> None:
        """Join what the journal names into the finished original, safe against a power cut on
        return. Idempotent; under the lease of `token`, whose ledger takes what must be journalled
        on the way. The upload is complete. Raises StoreUnavailable when bytes are missing."""

    async def discard(self, upload: Upload) -> None:
        """Delete every byte of the upload: parts, extents, original, variants. Idempotent."""

    async def drop_original(self, upload: Upload) -> None:
        """Delete the sealed original; variants stay. Idempotent."""

    async def remember(self, upload: Upload) -> None:
        """Store what `recall` will need: of a new upload, before its creation is answered. Nothing,
        where the records cannot be lost without the bytes."""

    async def recall(self, id: UploadId, known: Upload | None) -> Upload | None:
        """An upload as the store itself can prove it, when the records lost data: every byte that
        was acknowledged before but for those that only the records held, none that was never to
        be read, and a token that no writer has had. `known` is what they still have of it. None:
        the store knows of no such upload, or of its end."""

    async def tidy(self, upload: Upload) -> bool:
        """Delete what late writers and workers have left beside what the record of a finished
        upload names; whether there was any. Idempotent."""

    async def stored(self, *, after: str, limit: int) -> tuple[list[UploadId], str]:
        """Uploads of which anything at all is stored, `limit` at a time: pass the cursor on, ""
        starts and ends it."""

    def original(self, upload: Upload) -> str:
        """The key under which `read` and `local` find the sealed original."""

    def read(self, key: str, start: int, stop: int) -> AsyncIterator[bytes]:
        """Bytes [start, stop) of a sealed object, in pieces. Raises UnknownUpload."""

    def local(self, key: str) -> AbstractAsyncContextManager[Path]:
        """The object as a local file for reading; a copy that is deleted, or the file itself."""

    async def put(self, upload: Upload, name: str, source: Path, content_type: str) -> str:
        """Store a finished file beside the original and return its key. Idempotent."""

    async def free(self) -> int | None:
        """Bytes that can still be stored, or None where that has no meaning."""


# --- Signals, jobs -------------------------------------------------------------------------------


class Signals(Protocol):
    """Wake-ups between requests and processes. They carry no content and may be lost: whoever
    wakes reads the records, and nothing but speed relies on being woken."""

    async def notify(self, topic: str) -> None:
        """Call every listener of the topic, in whatever process. Never raises."""

    def listen(
        self, topic: str, wake: Callable[[], None], *, catch_up: bool = False
    ) -> Callable[[], None]:
        """Have `wake` called in this event loop for each signal; the answer ends that.

        Signals of other processes come a little later than at once, if at all. With `catch_up`
        `wake` is also called when they begin to come, and after each gap: for listeners who may be
        woken for nothing, and would rather look once more than miss what happened meanwhile."""


JobHandler = Callable[[UploadId], Awaitable[None]]


class JobEngine(Protocol):
    """At-least-once jobs, one key per upload. What must not be forgotten stands in the outbox."""

    async def enqueue(self, id: UploadId) -> None:
        """No effect while a job for this upload is queued or running."""

    async def depth(self) -> int:
        """Jobs queued and running."""

    async def workers(self) -> int:
        """How many do jobs at the moment, in all processes."""

    async def work(self, handler: JobHandler) -> None:
        """Run jobs until cancelled. A cancelled job counts as not done."""
