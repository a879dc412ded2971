"""Clients whose answers get lost, or who die between two calls."""

from typing import Any

from tusline.errors import RecordsUnavailable
from tusline.redis.client import Redis


class StutteringRedis(Redis):
    """Sends each call again, as it was and with its nonce, after Redis has done it, and tells the
    second answer."""

    async def _answer(self, *call: Any, **named: Any) -> Any:
        await super()._answer(*call, **named)
        return await super()._answer(*call, **named)


class DyingRedis(Redis):
    """Does so many calls, and no more: as a process that dies behind the last of them."""

    left = 10**9

    async def _answer(self, *call: Any, **named: Any) -> Any:
        if not self.left:
            raise RecordsUnavailable("a stand-in for a process that is dead")
        self.left -= 1
        return await super()._answer(*call, **named)
