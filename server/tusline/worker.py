"""A process that does jobs and sweeps, and answers nobody: `tusline worker`."""

import asyncio
import os
import signal
import threading
from types import FrameType

import click
import structlog
import uvloop

from tusline.assembly import assembled
from tusline.errors import ConfigurationError
from tusline.life import Life, Role
from tusline.settings import Settings
from tusline.stopping import GRACE, leave

CLOSING = 3.0
"""Seconds of a stop for what comes after the drain: children are ended, jobs handed back,
connections closed."""

log = structlog.get_logger()


class Worker:
    """Runs until SIGTERM or Ctrl-C; then running jobs have `worker_drain` seconds to end. Those
    that do not are handed back, and another worker does them from the start."""

    def __init__(self, settings: Settings) -> None:
        """Raises ConfigurationError, also where no other process could need a worker."""
        if settings.redis_url is None:
            raise ConfigurationError(
                "a worker finds its jobs in Redis: set REDIS_URL. Without it `tusline serve` "
                "does the jobs itself"
            )
        self._settings = settings
        self._stop_wait = settings.worker_drain + CLOSING
        self._parts = assembled(settings, drain=settings.worker_drain)
        self._life = Life(
            self._parts,
            Role.WORKER,
            stop_wait=self._stop_wait,
            sweep_every=settings.sweep_every,
        )
        self._signals: set[int] = set()
        self._last_resort: threading.Timer | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None

    def run(self) -> int:
        """The exit status: 1 where the work died by itself. Raises ConfigurationError."""
        self._parts.ground.check()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._handle)
        status = uvloop.run(self._work())
        if self._last_resort is not None and not self._life.hanging():
            self._last_resort.cancel()
        click.echo("tusline worker has stopped")
        return status

    async def _work(self) -> int:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        async with self._life.running():
            images = self._settings.optimizer_concurrency
            click.echo(f"tusline worker is ready, for {images} images at a time")
            told = asyncio.ensure_future(self._stopping.wait())
            died = asyncio.ensure_future(self._life.death())
            await asyncio.wait({told, died}, return_when=asyncio.FIRST_COMPLETED)
            for waiting in (told, died):
                waiting.cancel()
            if self._last_resort is None:  # the work has died
                self._last_resort = leave(self._stop_wait + GRACE)
            click.echo(f"tusline worker stops, within {self._stop_wait:g} seconds")
            return 0 if self._stopping.is_set() else 1

    def _handle(self, number: int, frame: FrameType | None) -> None:
        """Called by the signal itself, also where the event loop hangs. The same signal again means
        at once: what was not done is found by others, as after kill -9."""
        if number in self._signals or self._loop is None or self._stopping is None:
            os._exit(128 + number)
        self._signals.add(number)
        if self._last_resort is None:
            self._last_resort = leave(self._stop_wait + GRACE)
        self._loop.call_soon_threadsafe(self._stopping.set)
