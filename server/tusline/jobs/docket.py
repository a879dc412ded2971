"""The job engine on pydocket: `memory://` within one process, `redis://` across many.

The queue may be lost, and a job that failed often enough is let go: what is not published still
stands in the outbox, and whoever reconciles enqueues it again.
"""

import asyncio
import logging
import os
import socket
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Final, Self

import anyio
import structlog
from docket import Docket, ExponentialRetry, Timeout, Worker
from docket._redis import redis_is_unavailable

from tusline.errors import RecordsUnavailable
from tusline.interfaces import JobHandler
from tusline.jobs.handing_back import hand_back
from tusline.jobs.queue import ANSWER, Queue
from tusline.upload import UploadId

TASK: Final = "optimize"

ATTEMPTS: Final = 4
FIRST_RETRY: Final = timedelta(seconds=2)
LAST_RETRY: Final = timedelta(minutes=2)

REDELIVERY: Final = timedelta(seconds=45)
"""A worker that gives no sign of life for this long loses its jobs to another."""

LONGEST_DRAIN: Final = REDELIVERY.total_seconds() * 3 / 4
"""Seconds that a drain must be shorter than: a worker renews its jobs each quarter of REDELIVERY,
and does not while it drains."""

CHECK_EVERY: Final = timedelta(milliseconds=100)
"""How soon a worker with no free slot sees that a job has ended; a new job is seen at once where
a slot is free. At 20 ms an idle server would spend 4 % of a core on asking, so it has 1.5 %."""

SCHEDULE_EVERY: Final = timedelta(seconds=1)
"""How precisely a retry is on time."""

RECONNECT_AFTER: Final = timedelta(seconds=1)

log = structlog.get_logger()


class DocketEngine:
    """Implements JobEngine. `name` is the queue's, of which there may be several on one Redis.
    `concurrency` jobs are in work at a time, each for `seconds` at most, with all of its waiting
    for its turn.

    When `work` is cancelled, running jobs have `drain` seconds to end before they are cancelled,
    too, and handed back.
    """

    def __init__(
        self,
        url: str,
        *,
        name: str = "jobs",
        concurrency: int,
        seconds: float = 120,
        drain: float = 5,
    ) -> None:
        if drain >= LONGEST_DRAIN:
            raise ValueError(f"a drain must be shorter than {LONGEST_DRAIN} s")
        self._concurrency = concurrency
        self._seconds = seconds
        self._drain = drain
        self._given = _Given()
        self._queue = Queue(url, name=name, tasks={TASK: self._task()})

    async def open(self) -> None:
        """Does not wait for Redis: calls do."""
        _quieten("docket", logging.WARNING)
        _quieten("docket.dependencies", logging.CRITICAL)  # failed jobs, which are logged here
        _quieten("docket.strikelist", logging.ERROR)  # an outage of Redis, each second
        logging.getLogger("docket.worker").addFilter(_no_outage)
        self._queue.open()

    async def close(self) -> None:
        await self._queue.close()

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
        await self._queue.add(TASK, f"opt:{id}", id)

    async def depth(self) -> int:
        return await self._queue.depth()

    async def workers(self) -> int:
        return await self._queue.workers()

    async def work(self, handler: JobHandler) -> None:
        self._given.handler = handler
        worker = Worker(
            await self._docket(),
            name=f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}",
            concurrency=self._concurrency,
            redelivery_timeout=REDELIVERY,
            minimum_check_interval=CHECK_EVERY,
            scheduling_resolution=SCHEDULE_EVERY,
            reconnection_delay=RECONNECT_AFTER,
            schedule_automatic_tasks=False,
        )
        async with worker:
            running = asyncio.create_task(_for_ever(worker), name="jobs")
            try:
                await asyncio.wait([running])
                running.result()
            finally:
                with anyio.CancelScope(shield=True):
                    await self._stop(running)
                    await self._hand_back(worker.name)
                self._given.handler = None

    async def _stop(self, running: "asyncio.Task[None]") -> None:
        """The first cancellation has the worker wait for its jobs, the second cancels them, the
        third ends what it still wants of a Redis that does not answer."""
        running.cancel()
        await asyncio.wait([running], timeout=self._drain)
        running.cancel()
        await asyncio.wait([running], timeout=ANSWER)
        running.cancel()
        await asyncio.wait([running], timeout=ANSWER)

    async def _hand_back(self, worker: str) -> None:
        """Let another worker have the cancelled jobs now, not only after REDELIVERY."""
        try:
            count = await self._queue.ask(
                lambda docket: hand_back(
                    docket, consumer=worker, most=self._concurrency, idle=REDELIVERY
                )
            )
            if count:
                log.info("jobs.handed_back", jobs=count)
        except RecordsUnavailable as error:
            log.warning("jobs.not_handed_back", error=str(error))

    async def _docket(self) -> Docket:
        """Once Redis answers."""
        told = False
        while True:
            try:
                return await self._queue.ask(_itself)
            except RecordsUnavailable as error:
                if not told:
                    log.warning("jobs.no_queue", error=str(error))
                told = True
                await asyncio.sleep(RECONNECT_AFTER.total_seconds())

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


async def _for_ever(worker: Worker) -> None:
    """docket goes on after every failure of Redis that it knows. uvloop has one of its own, for a
    connection that was closed at that moment, by which a worker would end."""
    while True:
        try:
            return await worker.run_forever()
        except Exception as error:
            log.warning("jobs.interrupted", error=repr(error))
            await asyncio.sleep(RECONNECT_AFTER.total_seconds())


@dataclass(slots=True)
class _Given:
    """The handler, while `work` runs. Docket keeps each task function, with all that it refers to,
    for the life of the process: so that refers to this, and not to the engine."""

    handler: JobHandler | None = None


async def _itself(docket: Docket) -> Docket:
    return docket


def _no_outage(record: logging.LogRecord) -> bool:
    """An outage of Redis is told by our own link to it, once, not each second with a traceback."""
    error = record.exc_info[1] if record.exc_info else None
    return error is None or not redis_is_unavailable(error)


def _quieten(logger: str, level: int) -> None:
    """Only what nobody has set otherwise."""
    if logging.getLogger(logger).level == logging.NOTSET:
        logging.getLogger(logger).setLevel(level)
