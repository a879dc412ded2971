"""The upload record: what is known of one upload, its phases, and what may change it."""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NewType

UploadId = NewType("UploadId", str)

ID = re.compile(r"[A-Za-z0-9_-]{16,64}", re.ASCII)
"""What an id can look like: anything else is unknown without a look into the records (X-22)."""

SCHEMA = 1
"""Version of the record's shape, written with each record so that rolling deploys can tell."""

HEAD_BYTES = 64
"""How many of the first bytes the record keeps: enough to know every type we sniff. They are kept
in the record because an object store cannot read back the parts of an unfinished upload."""


TIMELINE = 100
"""Events kept of each upload: a client that sends single bytes must not fill the records."""

PARTIAL_KEPT = 3600.0
"""Seconds that a complete partial upload is kept at least, from its last use on, however short the
operator's expiry is: a client whose final POST got lost asks for each of its parts anew (X-10)."""


class Phase(StrEnum):
    RECEIVING = "receiving"
    RECEIVED = "received"
    OPTIMIZING = "optimizing"
    READY = "ready"
    FAILED = "failed"
    REJECTED = "rejected"
    EXPIRED = "expired"
    TERMINATED = "terminated"


MOVES: dict[Phase, frozenset[Phase]] = {
    Phase.RECEIVING: frozenset(
        {Phase.RECEIVED, Phase.REJECTED, Phase.EXPIRED, Phase.TERMINATED},
    ),
    Phase.RECEIVED: frozenset({Phase.OPTIMIZING, Phase.FAILED, Phase.TERMINATED}),
    Phase.OPTIMIZING: frozenset(
        {Phase.OPTIMIZING, Phase.RECEIVED, Phase.READY, Phase.FAILED, Phase.TERMINATED},
    ),
    Phase.READY: frozenset({Phase.EXPIRED, Phase.TERMINATED}),
    Phase.FAILED: frozenset({Phase.EXPIRED, Phase.TERMINATED}),
    Phase.REJECTED: frozenset({Phase.TERMINATED}),
    Phase.EXPIRED: frozenset(),
    Phase.TERMINATED: frozenset(),
}
"""The phase machine: from each phase, where an upload may go. ARCHITECTURE.md prints it."""

STORED = frozenset({Phase.RECEIVED, Phase.OPTIMIZING, Phase.READY, Phase.FAILED})
"""Phases in which the original is whole and can be downloaded, unless it was dropped since."""

OVER = frozenset({Phase.REJECTED, Phase.EXPIRED, Phase.TERMINATED})
"""Phases that hold no bytes any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why an upload was rejected or could not be optimized. `code` is stable."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """What the optimizer found in the original: pixels after orientation."""

    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One optimized output. `key` names its bytes in the blob store and contains their hash."""

    name: str
    key: str
    content_type: str
    width: int
    height: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """What became durable since the last commit: never the whole journal, only what was added.

    `added` counts bytes. `journal` holds the blob store's own entries (opaque text, none twice),
    `dropped` earlier ones that stand for nothing any more. `head` are
    those of the added bytes that lie within the upload's first HEAD_BYTES. `length` is set when a
    PATCH declared it. `synced`: everything up to the end of this delta survives a power cut (I11).
    `number` counts the deltas committed under one token, from 1: one that is
    repeated because its answer got lost is known by it. An empty delta may have the last one's
    number: it tells the records what its writer believes to be committed.
    """

    number: int = 0
    added: int = 0
    journal: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    head: bytes = b""
    length: int | None = None
    synced: bool = False

    def __add__(self, other: "Delta") -> "Delta":
        short_lived = set(self.journal).intersection(other.dropped)
        return Delta(
            added=self.added + other.added,
            journal=_without(self.journal, short_lived) + other.journal,
            dropped=self.dropped + _without(other.dropped, short_lived),
            head=self.head + other.head,
            length=self.length if other.length is None else other.length,
            synced=other.synced if other.added else self.synced or other.synced,
        )

    def __bool__(self) -> bool:
        grown = self.added or self.journal or self.dropped or self.head or self.synced
        return bool(grown) or self.length is not None


NOTHING = Delta()


def _without(entries: tuple[str, ...], gone: Collection[str]) -> tuple[str, ...]:
    return tuple(entry for entry in entries if entry not in gone) if gone else entries


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One upload as the records hold it. Times are seconds since the epoch.

    `metadata` is the raw `Upload-Metadata` value, echoed byte for byte (CRE-16). `token` is the
    newest fencing token, `held` whether its lease runs. `version` grows with each change that a
    watcher may see. Bytes below `synced` survive a power cut (I11). `job_token` and `attempts`
    belong to the optimizer's job. `batch` is what the client calls the files it counts with.
    `original_gone`: the original was kept long enough; what is left are the variants. `deferred`:
    it was created without its length, which it may have by now.

    `concat` is the raw `Upload-Concat` value, echoed byte for byte (CAT-18). `members` are a final
    upload's, in order; one may come several times. `finals` are the pending final uploads that
    wait for a partial one.
    """

    id: UploadId
    owner: str
    phase: Phase
    length: int | None
    offset: int
    metadata: str | None
    head: bytes
    journal: tuple[str, ...]
    created: float
    changed: float
    expires: float | None
    version: int
    synced: int = 0
    token: int = 0
    held: bool = False
    reason: Reason | None = None
    content_type: str | None = None
    sha256: str | None = None
    image: Image | None = None
    variants: tuple[Variant, ...] = ()
    attempts: int = 0
    job_token: int = 0
    batch: str | None = None
    original_gone: bool = False
    deferred: bool = False
    concat: str | None = None
    members: tuple[UploadId, ...] = ()
    finals: tuple[UploadId, ...] = ()

    @property
    def final(self) -> bool:
        """Whether it gets its bytes from members, never from a client (CAT-05)."""
        return bool(self.members)

    @property
    def partial(self) -> bool:
        """Whether it is made to be a member: it is never finished by itself (CAT-03)."""
        return self.concat is not None and not self.members

    @property
    def pending(self) -> bool:
        """Whether it is a final upload that still lacks its members' bytes."""
        return self.final and self.phase is Phase.RECEIVING and not self.complete

    @property
    def complete(self) -> bool:
        """Whether every byte is committed (the phase may still lag behind)."""
        return self.length is not None and self.offset == self.length

    @property
    def expiring(self) -> bool:
        """Whether it goes away when it is left alone. What is complete stays; a partial upload
        only as long as a final one waits for it."""
        if self.phase is not Phase.RECEIVING or self.expires is None:
            return False
        return not self.complete or (self.partial and not self.finals)

    @property
    def lapses(self) -> float | None:
        """When it expires if nothing more comes; None: never, or never any more."""
        return self.expires if self.expiring else None

    def late(self, now: float) -> bool:
        """Whether its time is over: by the clock, whether the sweeper ran or not (EXP-07), but
        never under a running writer (EXP-09)."""
        return self.lapses is not None and self.lapses <= now and not self.held

    def grown(self, delta: Delta) -> "Upload":
        """The upload after a commit of `delta`, as far as the bytes are concerned."""
        offset = self.offset + delta.added
        return replace(
            self,
            offset=offset,
            synced=offset if delta.synced else self.synced,
            journal=_without(self.journal, delta.dropped) + delta.journal,
            head=self.head + delta.head,
            length=self.length if delta.length is None else delta.length,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of an upload's timeline, as `tusline show` prints it."""

    at: float
    name: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The right to optimize one upload: `upload` as it stood, `token` to publish with."""

    upload: Upload
    token: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a job ended: READY with variants, or FAILED with a reason."""

    phase: Phase
    variants: tuple[Variant, ...] = ()
    reason: Reason | None = None
    sha256: str | None = None
    image: Image | None = None
