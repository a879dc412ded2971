"""Ledgers for writers that are used without a session."""

from collections.abc import Awaitable

from tusline.errors import LeaseLost, TuslineError
from tusline.upload import NOTHING, Delta


class ListLedger:
    """Implements Ledger: keeps what the writer told. Once `fenced`, its lease is lost."""

    def __init__(self) -> None:
        self.told = NOTHING
        self.fenced = False
        self.unverified = False

    async def lasting(self, wait: Awaitable[None]) -> bool:
        await wait
        return True

    def add(self, delta: Delta) -> None:
        self.told = self.told + delta

    async def record(self, delta: Delta) -> None:
        if self.fenced:
            raise LeaseLost("overtaken")
        self.add(delta)

    def fail(self, error: TuslineError) -> None:
        raise error
