"""The queue in Redis or in memory: opened when it is first needed, asked with patience for seconds,
over few connections."""

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final, TypeVar

from docket import Docket
from redis.asyncio import Redis
from redis.exceptions import ConnectionError, RedisError

from tusline.errors import RecordsUnavailable

ANSWER: Final = 2.0
"""Seconds that a call waits for Redis. docket's own connections wait for ever, as a frozen server
or a cable that was cut would have them."""

AGAIN: Final = 0.05
"""Seconds until a question is put again whose connection was lost."""

CALLS: Final = 2
"""Calls at a time, and so connections, beside a worker's own."""

T = TypeVar("T")

Task = Callable[..., Awaitable[None]]


class Queue:
    """`name` is one of several queues that a Redis may have; each job names one of `tasks`."""

    def __init__(self, url: str, *, name: str, tasks: dict[str, Task]) -> None:
        self._url = url
        self._name = name
        self._tasks = tasks
        self._docket: Docket | None = None
        self._depth: asyncio.Task[int] | None = None

    def open(self) -> None:
        """Does not wait for Redis: calls do."""
        self._places = asyncio.Semaphore(CALLS)
        self._opening = asyncio.Lock()

    async def close(self) -> None:
        docket, self._docket = self._docket, None
        if docket is not None:
            await docket.__aexit__(None, None, None)

    async def ask(self, question: Callable[[Docket], Awaitable[T]]) -> T:
        """Its answer; one of few questions at a time. It is put again where a connection was lost,
        as all of them are when Redis has been away: so it has to be idempotent. Raises
        RecordsUnavailable for every failure of Redis."""
        why: Exception = TimeoutError("no answer in time")
        try:
            async with asyncio.timeout(ANSWER), self._places:
                while True:
                    try:
                        return await question(await self._opened())
                    except (ConnectionError, OSError) as error:
                        why = error
                    await asyncio.sleep(AGAIN)
        except (RedisError, TimeoutError) as error:
            why = error if isinstance(error, RedisError) else why
            raise RecordsUnavailable(f"the job queue does not answer: {why}") from error

    async def add(self, task: str, key: str, argument: str) -> None:
        """No effect while there is a job of this key."""

        async def add(docket: Docket) -> None:
            await docket.add(task, key=key)(argument)

        await self.ask(add)

    async def depth(self) -> int:
        """Jobs queued and running. Who asks while another's question is under way shares its
        answer."""
        if self._depth is None or self._depth.done():
            self._depth = asyncio.create_task(self.ask(_depth), name="queue depth")
            self._depth.add_done_callback(lambda asked: asked.cancelled() or asked.exception())
        return await asyncio.shield(self._depth)

    async def workers(self) -> int:
        """Those with a heartbeat of late."""
        return await self.ask(_workers)

    async def _opened(self) -> Docket:
        async with self._opening:
            if self._docket is None:
                docket = Docket(
                    name=self._name,
                    url=await _place(self._url),
                    execution_ttl=timedelta(0),  # what became of a job stands in the record
                )
                for name, task in self._tasks.items():
                    docket.register(task, names=[name])
                await docket.__aenter__()
                self._docket = docket
            return self._docket


async def _depth(docket: Docket) -> int:
    async with docket.redis() as redis, redis.pipeline() as pipeline:
        pipeline.xlen(docket.stream_key)
        pipeline.zcard(docket.queue_key)
        return sum(await pipeline.execute())


async def _workers(docket: Docket) -> int:
    seconds = docket.heartbeat_interval.total_seconds() * docket.missed_heartbeats
    async with docket.redis() as redis, redis.pipeline() as pipeline:
        pipeline.zcount(docket.workers_set, time.time() - seconds, "+inf")
        (alive,) = await pipeline.execute()
        return int(alive)


async def _place(url: str) -> str:
    """The URL as docket takes it, which does not find out by itself whether a server is one of a
    cluster. Raises RedisError, OSError."""
    if url == "memory://":
        return f"memory://{uuid.uuid4().hex}"  # one name is one queue in all of a process
    redis: Redis = Redis.from_url(url)
    async with redis:
        told = await redis.info("cluster")
    if not told.get("cluster_enabled"):
        return url
    scheme, rest = url.split("://", 1)
    return f"{scheme}+cluster://{rest}"
