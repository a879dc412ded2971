"""The job engine on pydocket: `memory://` within one process, `redis://` across many.

The queue may be lost, and a job that failed often enough is let go: what is not published still
stands in the outbox, and whoever reconciles enqueues it again.
"""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Final, Self

import anyio
import structlog
from docket import Docket, ExponentialRetry, Timeout, Worker
from redis.exceptions import RedisError

from tusline.errors import RecordsUnavailable
from tusline.interfaces import JobHandler
from tusline.upload import UploadId

NAME: Final = "images"
TASK: Final = "optimize"

ATTEMPTS: Final = 4
FIRST_RETRY: Final = timedelta(seconds=2)
LAST_RETRY: Final = timedelta(minutes=2)

REDELIVERY: Final = timedelta(seconds=45)
"""A worker that gives no sign of life for this long loses its jobs to another. It gives none
while it drains, so the drain must be shorter than three quarters of this."""

CHECK_EVERY: Final = timedelta(milliseconds=100)
"""How soon a worker with no free slot sees that a job has ended; a new job is seen at once where
a slot is free. At 20 ms an idle server would spend 4 % of a core on asking, so it has 1.5 %."""

SCHEDULE_EVERY: Final = timedelta(seconds=1)
"""How precisely a retry is on time."""

RECONNECT_AFTER: Final = timedelta(seconds=1)

log = structlog.get_logger()


class DocketEngine:
    """Implements JobEngine. `concurrency` jobs are in work at a time, each for `seconds` at most,
    with all of its waiting for its turn.

    When `work` is cancelled, running jobs have `drain` seconds to end before they are cancelled,
    too, and handed back.
    """

    def __init__(
        self, url: str, *, concurrency: int, seconds: float = 120, drain: float = 5
    ) -> None:
        private = f"memory://{uuid.uuid4().hex}"  # one name is one queue in all of a process
        self._docket = Docket(
            name=NAME,
            url=private if url == "memory://" else url,
            execution_ttl=timedelta(0),  # what became of a job stands in the upload's record
        )
        self._concurrency = concurrency
        self._seconds = seconds
        self._drain = drain
        self._given = _Given()

    async def open(self) -> None:
        _quieten("docket", logging.WARNING)
        _quieten("docket.dependencies", logging.CRITICAL)  # failed jobs, which are logged here
        self._docket.register(self._task(), names=[TASK])
        with _redis():
            await self._docket.__aenter__()

    async def close(self) -> None:
        await self._docket.__aexit__(None, None, None)

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def enqueue(self, id: UploadId) -> None:
        with _redis():
            await self._docket.add(TASK, key=f"opt:{id}")(id)

    async def depth(self) -> int:
        with _redis():
            async with self._docket.redis() as redis, redis.pipeline() as pipeline:
                pipeline.xlen(self._docket.stream_key)
                pipeline.zcard(self._docket.queue_key)
                return sum(await pipeline.execute())

    async def work(self, handler: JobHandler) -> None:
        self._given.handler = handler
        worker = Worker(
            self._docket,
            concurrency=self._concurrency,
            redelivery_timeout=REDELIVERY,
            minimum_check_interval=CHECK_EVERY,
            scheduling_resolution=SCHEDULE_EVERY,
            reconnection_delay=RECONNECT_AFTER,
            schedule_automatic_tasks=False,
        )
        async with worker:
            running = asyncio.create_task(worker.run_forever(), name="jobs")
            try:
                await asyncio.wait([running])
                running.result()
            finally:
                with anyio.CancelScope(shield=True):
                    await self._stop(running)
                    await self._hand_back(worker.name)
                self._given.handler = None

    async def _stop(self, running: "asyncio.Task[None]") -> None:
        """The first cancellation has the worker wait for its jobs, the second cancels them."""
        running.cancel()
        await asyncio.wait([running], timeout=self._drain)
        running.cancel()
        await asyncio.wait([running])

    async def _hand_back(self, worker: str) -> None:
        """Let another worker have the cancelled jobs now, not only after REDELIVERY."""
        stream, group = self._docket.stream_key, self._docket.worker_group_name
        try:
            async with self._docket.redis() as redis:
                answer = await redis.xreadgroup(
                    groupname=group,
                    consumername=worker,
                    streams={stream: "0"},  # not what is new, but what this worker holds
                    count=self._concurrency,
                )
                held = [message_id for _, messages in answer or () for message_id, _ in messages]
                if held:
                    await redis.xclaim(
                        name=stream,
                        groupname=group,
                        consumername=worker,
                        min_idle_time=0,
                        message_ids=held,
                        idle=round(REDELIVERY.total_seconds() * 1000) + 1,
                        justid=True,
                    )
        except RedisError as error:
            log.warning("jobs.not_handed_back", error=str(error))

    def _task(self) -> Callable[..., Awaitable[None]]:
        """The function that docket runs: its defaults are docket's way to declare a policy."""
        retries = ExponentialRetry(
            attempts=ATTEMPTS, minimum_delay=FIRST_RETRY, maximum_delay=LAST_RETRY
        )
        limit = Timeout(timedelta(seconds=self._seconds))
        given = self._given

        async def optimize(id: str, retry: ExponentialRetry = retries, _: Timeout = limit) -> None:
            assert given.handler is not None, "only `work` runs jobs"
            try:
                await given.handler(UploadId(id))
            except Exception as error:
                again = retry.attempt < ATTEMPTS
                log.warning("job.failed", upload_id=id, error=repr(error), again=again)
                if again:
                    raise

        return optimize


@dataclass(slots=True)
class _Given:
    """The handler, while `work` runs. Docket keeps each task function, with all that it refers to,
    for the life of the process: so that refers to this, and not to the engine."""

    handler: JobHandler | None = None


@contextmanager
def _redis() -> Iterator[None]:
    """Raises RecordsUnavailable for every failure of Redis."""
    try:
        yield
    except RedisError as error:
        raise RecordsUnavailable(f"the job queue does not answer: {error}") from error


def _quieten(logger: str, level: int) -> None:
    """Only what nobody has set otherwise."""
    if logging.getLogger(logger).level == logging.NOTSET:
        logging.getLogger(logger).setLevel(level)
