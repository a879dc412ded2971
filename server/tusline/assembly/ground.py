"""What the doors of a process stand on: opened first, closed last."""

from typing import Protocol


class Ground(Protocol):
    """The databases, folders and connections behind the doors, in one piece."""

    def check(self) -> None:
        """For a clear word before a server starts, without an event loop. Raises
        ConfigurationError for what can never work, RecordsUnavailable for what does not now."""

    async def open(self) -> None:
        """Raises ConfigurationError and RecordsUnavailable; then nothing is left open."""

    async def disconnect(self) -> None:
        """Let go of what the event loop holds."""

    def close(self) -> None:
        """Wait for all that is being written, and give free what is left. Called in a thread, after
        `disconnect`: a disk may hang."""
