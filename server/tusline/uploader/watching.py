"""What the uploader tells whoever shows its progress."""

from dataclasses import dataclass
from typing import Protocol

from tusline.upload import Phase
from tusline.uploader.source import Source
from tusline.uploader.status import Status

PHASES = {
    Phase.RECEIVED: "sent, waits for the optimizer",
    Phase.OPTIMIZING: "sent, is being optimized",
}
"""What a person reads while the optimizer has the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How one file ended. `failure` is `code: message` or a sentence, None when all is well.

    `verified` is whether the server's SHA-256 equals the local file's; None when the server told
    none. `resumed_at` is the offset at which an earlier run's upload was taken up. `sent_again`
    counts acknowledged bytes that the server asked for again: 0 with a server that keeps its word.
    """

    source: Source
    url: str | None = None
    failure: str | None = None
    status: Status | None = None
    sha256: str | None = None
    verified: bool | None = None
    resumed_at: int | None = None
    sent_again: int = 0


class Watcher(Protocol):
    """Hears of every step, from several threads at once. Offsets and sizes are in bytes."""

    def began(self, source: Source, offset: int) -> None:
        """The upload exists; `offset` bytes were there from an earlier run."""

    def acknowledged(self, source: Source, offset: int) -> None:
        """The server has everything before `offset`."""

    def waiting(self, source: Source, why: str, seconds: float) -> None:
        """Something went wrong; the next try is in so many seconds."""

    def going_on(self, source: Source, offset: int) -> None:
        """After a break the upload goes on from the server's offset."""

    def anew(self, source: Source, why: str) -> None:
        """The server does not have the upload any more: it starts from the beginning."""

    def sent(self, source: Source) -> None:
        """All bytes are acknowledged."""

    def optimizing(self, source: Source, status: Status) -> None:
        """The server has something new to say of a sent file."""

    def ended(self, result: Result) -> None:
        """Nothing more happens to this file."""
