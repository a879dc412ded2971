"""A number of bytes that several jobs share: who needs more than is left waits for its turn."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Budget:
    """First come, first served, so that a large need is not overtaken for ever by small ones."""

    def __init__(self, total: int) -> None:
        self.total = total
        self._left = total
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def hold(self, need: int) -> AsyncIterator[None]:
        """Wait until `need` bytes, at most the total, are left, and keep them within the block."""
        if need > self.total:
            raise ValueError(f"{need} of {self.total} bytes")
        await self._take(need)
        try:
            yield
        finally:
            self._left += need
            self._grant()

    async def _take(self, need: int) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((need, turn))
        self._grant()
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # granted in the moment of the cancellation
                self._left += need
            self._grant()
            raise

    def _grant(self) -> None:
        while self._waiting:
            need, turn = self._waiting[0]
            if not turn.cancelled():
                if need > self._left:
                    return
                self._left -= need
                turn.set_result(None)
            self._waiting.popleft()
