"""Calls of a store: each in a thread, tried again while that may help, and bounded in time."""

import asyncio
import random
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import structlog

from tusline.errors import StoreUnavailable
from tusline.storage.s3.body import Limit
from tusline.storage.s3.faults import RETRY_AFTER, Failed, Fault, Meaning, refusal
from tusline.storage.s3.threads import Threads
from tusline.storage.s3.values import BucketOptions

if TYPE_CHECKING:
    from boto3.session import Session
    from types_boto3_s3.client import S3Client

log = structlog.get_logger()

T = TypeVar("T")
Ask = Callable[["S3Client", Limit], T]
"""One attempt of a call; in a thread."""

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 2.0
"""Seconds between two attempts: doubled each time, and less by chance, so that not all come back
at once. A store that names a time itself is obeyed, up to the longest."""


LONG_SHARE = 4
"""One thread for long calls to so many for others: a store that copies slowly must not keep bytes
from being stored."""


class Attempts:
    """Calls of one bucket's store, by threads of its own."""

    def __init__(self, options: BucketOptions) -> None:
        self._options = options
        self._threads = Threads("tusline-s3", options.threads)
        self._long_threads = Threads("tusline-s3-long", -(-options.threads // LONG_SHARE))
        self._session: Session | None = None
        self._clients: dict[float, S3Client] = {}
        self._making = threading.Lock()

    async def call(self, operation: str, ask: Ask[T], *, long: bool = False) -> T:
        """What `ask` returns. `long`: the store copies, which takes its time.

        Raises StoreUnavailable, Refused, Misconfigured, StoreFull, NotThere; and what `ask` itself
        raises that is none of the store's faults.
        """
        seconds = self._options.long if long else self._options.total
        threads = self._long_threads if long else self._threads
        limit, last = Limit(seconds), "no answer"
        try:
            async with asyncio.timeout(seconds):
                for attempt in range(1, self._options.attempts + 1):
                    try:
                        step = partial(self._attempt, ask, limit, long=long)
                        return await threads.run(step)
                    except Failed as failed:
                        fault = failed.fault
                    last = fault.said
                    self._tell(operation, fault, attempt)
                    if fault.meaning is not Meaning.AGAIN or attempt == self._options.attempts:
                        raise refusal(operation, fault)
                    await asyncio.sleep(_pause(fault, attempt))
        except TimeoutError:
            message = f"the store did not do {operation} in {seconds:g} s: {last}"
            log.warning("s3.too_slow", operation=operation, seconds=seconds, error=last)
            raise StoreUnavailable(message, retry_after=RETRY_AFTER) from None
        finally:
            limit.end()
        raise AssertionError("there is at least one attempt")

    async def aside(self, step: Callable[[], T]) -> T:
        """Do something that may block, but asks no store, in one of the threads."""
        return await self._threads.run(step)

    def later(self, step: Callable[[], object]) -> None:
        """Do it in one of the threads, for nobody: what it raises is dropped."""
        self._threads.post(step)

    def close(self) -> None:
        """End the threads without waiting for any, and close what connections are idle. The next
        call begins anew."""
        self._threads.close()
        self._long_threads.close()
        with self._making:
            clients, self._clients, self._session = self._clients, {}, None
        for client in clients.values():
            client.close()

    def client(self, *, long: bool = False) -> "S3Client":
        """boto3's client, made when it is first needed; not to be called on the event loop, since
        that takes a second."""
        from tusline.storage.s3.making import make_client, make_session  # and with it boto3

        silence = self._options.long if long else self._options.silence
        with self._making:
            self._session = self._session or make_session(self._options)
            if silence not in self._clients:
                self._clients[silence] = make_client(self._session, self._options, silence)
            return self._clients[silence]

    def _attempt(self, ask: Ask[T], limit: Limit, *, long: bool) -> T:
        from tusline.storage.s3.reasons import fault_of

        try:
            limit.check()
            return ask(self.client(long=long), limit)
        except Exception as error:
            fault = fault_of(error)
            if fault is None:
                raise
            raise Failed(fault) from None

    def _tell(self, operation: str, fault: Fault, attempt: int) -> None:
        told = {
            "operation": operation,
            "reason": fault.reason,
            "error": fault.said,
            "attempt": attempt,
        }
        match fault.meaning:
            case Meaning.MISSING:
                log.debug("s3.missing", **told)
            case Meaning.SETUP:
                log.error("s3.misconfigured", **told)
            case _:
                log.warning("s3.attempt_failed", **told)


def _pause(fault: Fault, attempt: int) -> float:
    grown: float = FIRST_PAUSE * 2 ** (attempt - 1) * random.uniform(0.5, 1)
    return min(LONGEST_PAUSE, max(grown, fault.pause))
