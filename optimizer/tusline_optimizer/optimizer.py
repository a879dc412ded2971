"""One job: a finished upload's original becomes its variants, or a reason why not."""

import asyncio
import hashlib
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import structlog

from tusline import topics
from tusline.errors import ServiceBusy, StaleJob, StoreFull, UnknownUpload
from tusline.interfaces import BlobStore, Records, Signals
from tusline.upload import OVER, Image, Job, Outcome, Phase, Reason, Upload, UploadId, Variant
from tusline_optimizer.answers import Output
from tusline_optimizer.formats import FORMATS, OPTIMIZED
from tusline_optimizer.pool import ImagePool
from tusline_optimizer.process import Crashed
from tusline_optimizer.recipes import DEFAULT, Recipe
from tusline_optimizer.refusals import SENTENCES, Refused
from tusline_optimizer.turns import Turns

HASH_BYTES: Final = 1024 * 1024
"""How much of an original is read and hashed at a time."""

TIMEOUTS: Final = 2
"""Attempts in which an image may run out of time: the first may have met a busy machine."""

log = structlog.get_logger()


class Optimizer:
    """The handler of the job engine. Doing a job twice is harmless: variants are named by their
    content, and only the newest worker can publish (I7).

    `scratch` is a folder for temporary files; `attempts` is how often a job may start.
    """

    def __init__(
        self,
        *,
        records: Records,
        store: BlobStore,
        signals: Signals,
        pool: ImagePool,
        scratch: Path,
        attempts: int,
        recipes: tuple[Recipe, ...] = DEFAULT,
    ) -> None:
        self._records = records
        self._store = store
        self._signals = signals
        self._pool = pool
        self._scratch = scratch
        self._attempts = attempts
        self._recipes = recipes
        self._turns = Turns()

    async def run(self, id: UploadId) -> None:
        """Optimize an upload and publish the end. Raises what another attempt may cure."""
        with suppress(UnknownUpload):
            begun = (await self._records.get(id)).attempts
            async with self._turns.turn(begun):
                await self._run(id)

    async def _run(self, id: UploadId) -> None:
        """Raises UnknownUpload, and what another attempt may cure."""
        job = await self._records.start_job(id)
        if job is None:
            return
        began = time.monotonic()
        await self._signals.notify(topics.changed(id))
        try:
            outcome = await self._outcome(job.upload)
            await self._records.publish(id, job.token, outcome)
        except Exception as error:
            if await self._cleared_if_over(job.upload):
                log.info("job.dropped", upload_id=id, why="the upload is over")
            elif isinstance(error, StaleJob):
                log.info("job.dropped", upload_id=id, why=str(error))
            elif isinstance(error, UnknownUpload):  # its original: the record is there
                log.error("job.original_lost", upload_id=id, why=str(error))
            else:
                await self._postpone_if_innocent(job, error)
                raise
            return
        await self._signals.notify(topics.changed(id))
        log.info(
            "job.done",
            upload_id=id,
            phase=outcome.phase,
            code=outcome.reason.code if outcome.reason else "-",
            attempt=job.upload.attempts,
            variants=len(outcome.variants),
            ms=round((time.monotonic() - began) * 1000),
        )

    async def _outcome(self, upload: Upload) -> Outcome:
        if upload.attempts > self._attempts:
            return _failed("too_many_attempts", sha256=None)
        async with self._store.local(self._store.original(upload)) as source:
            sha256 = await sha256_of(source)
            if upload.content_type not in OPTIMIZED:
                return Outcome(phase=Phase.READY, sha256=sha256)
            try:
                return await self._optimize(upload, source, sha256)
            except Refused as refusal:
                if refusal.code == "timeout" and upload.attempts < min(TIMEOUTS, self._attempts):
                    raise
                log.info(
                    "image.refused", upload_id=upload.id, code=refusal.code, detail=refusal.detail
                )
                return _failed(refusal.code, sha256=sha256)
            except Crashed:
                if upload.attempts < self._attempts:
                    raise
                return _failed("crashed", sha256=sha256)

    async def _optimize(self, upload: Upload, source: Path, sha256: str) -> Outcome:
        with _folder(self._scratch) as folder:
            rendered = await self._pool.process(source, folder, self._recipes)
            variants = [
                await self._put(upload, folder / output.recipe, output)
                for output in rendered.outputs
            ]
        width, height = rendered.size
        return Outcome(
            phase=Phase.READY,
            variants=tuple(variants),
            sha256=sha256,
            image=Image(width=width, height=height),
        )

    async def _put(self, upload: Upload, path: Path, output: Output) -> Variant:
        known = FORMATS[output.format]
        name = f"{output.recipe}-{output.sha256[:16]}.{known.suffix}"
        size = _size_of_file(path)
        key = await self._store.put(upload, name, path, known.content_type)
        return Variant(
            name=output.recipe,
            key=key,
            content_type=known.content_type,
            width=output.width,
            height=output.height,
            size=size,
        )

    async def _cleared_if_over(self, upload: Upload) -> bool:
        """Whether the upload was deleted while its job ran: whatever the job failed by is no news
        then, since its original went away beneath it. Nothing is left behind."""
        try:
            over = (await self._records.get(upload.id)).phase in OVER
        except UnknownUpload:
            over = True
        if over:
            await self._store.discard(upload)
        return over

    async def _postpone_if_innocent(self, job: Job, error: Exception) -> None:
        """What was not the image's fault costs it no attempt."""
        if isinstance(error, ServiceBusy | StoreFull | OSError):
            with suppress(StaleJob):
                await self._records.postpone(job.upload.id, job.token)


async def sha256_of(path: Path) -> str:
    """Hash a file in a thread, which stops with a cancelled job."""
    over = threading.Event()
    try:
        return await asyncio.to_thread(_sha256, path, over)
    finally:
        over.set()


def _sha256(path: Path, over: threading.Event) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while not over.is_set() and (piece := file.read(HASH_BYTES)):
            digest.update(piece)
    return digest.hexdigest()


@contextmanager
def _folder(scratch: Path) -> Iterator[Path]:
    scratch.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=scratch) as name:
        yield Path(name)


def _size_of_file(path: Path) -> int:
    """A child taken over by its image must not have us store what a link points to."""
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode):
        raise Crashed(f"{path.name} is not a file")
    return status.st_size


def _failed(code: str, *, sha256: str | None) -> Outcome:
    reason = Reason(code=code, message=SENTENCES[code])
    return Outcome(phase=Phase.FAILED, reason=reason, sha256=sha256)
