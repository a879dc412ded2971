"""A client whose every answer gets lost once."""

from typing import Any

from tusline.redis.again import Call
from tusline.redis.client import Redis


class StutteringRedis(Redis):
    """Sends each call again, as it was and with its nonce, after Redis has done it, and tells the
    second answer."""

    async def _answer(self, call: Call) -> Any:
        await super()._answer(call)
        return await super()._answer(call)
