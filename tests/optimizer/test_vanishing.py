"""An original that goes away under its job: no news where the upload was deleted, else a fault."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tusline.jobs import docket
from tusline.jobs.docket import DocketEngine
from tusline.upload import Phase
from tusline_optimizer.answers import Rendered
from tusline_optimizer.pool import ImagePool
from tusline_optimizer.process import Crashed
from tusline_optimizer.recipes import Recipe

from .job_house import House

Around = Callable[[], AbstractAsyncContextManager[None]]


@pytest.fixture
def meanwhile(pool: ImagePool, monkeypatch: pytest.MonkeyPatch) -> Callable[[Around], None]:
    """Has something happen before a child is given an image, and after it has answered."""
    process = pool.process

    def happens(around: Around) -> None:
        async def surrounded(source: Path, folder: Path, recipes: tuple[Recipe, ...]) -> Rendered:
            async with around():
                return await process(source, folder, recipes)

        monkeypatch.setattr(pool, "process", surrounded)

    return happens


@pytest.mark.parametrize("forgotten", [False, True])
async def test_an_upload_deleted_before_its_image_is_read_is_no_failure(
    house: House, pool: ImagePool, meanwhile: Callable[[Around], None], forgotten: bool
) -> None:
    upload = await house.received()

    @asynccontextmanager
    async def delete() -> AsyncGenerator[None]:
        await house.records.retire(upload.id, Phase.TERMINATED, None)
        await house.store.discard(upload)
        if forgotten:
            await house.records.discarded(upload.id)
            await house.records.forget(upload.id)
        yield

    meanwhile(delete)
    with capture_logs() as logs:
        await house.optimizer(pool).run(upload.id)
    assert [(log["event"], log["log_level"]) for log in logs] == [("job.dropped", "info")]
    assert house.tidy()


async def test_a_crash_is_no_failure_either_once_the_upload_is_over(
    house: House, pool: ImagePool, meanwhile: Callable[[Around], None]
) -> None:
    upload = await house.received()

    @asynccontextmanager
    async def delete_and_crash() -> AsyncGenerator[None]:
        yield
        await house.records.retire(upload.id, Phase.TERMINATED, None)
        raise Crashed("the child is gone")

    meanwhile(delete_and_crash)
    await house.optimizer(pool).run(upload.id)
    assert house.stored_variants(upload.id) == []
    assert not house.layout.original(upload.id).exists()


async def test_an_original_that_is_away_is_a_failure_and_tried_again(
    house: House,
    pool: ImagePool,
    meanwhile: Callable[[Around], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(docket, "FIRST_RETRY", timedelta(milliseconds=1))
    upload = await house.received()
    original = house.layout.original(upload.id)
    aside = original.with_name("aside")

    @asynccontextmanager
    async def away_at_first() -> AsyncGenerator[None]:
        first = (await house.records.get(upload.id)).attempts == 1
        if first:
            original.rename(aside)
        try:
            yield
        finally:
            if first:
                aside.rename(original)

    meanwhile(away_at_first)
    with capture_logs() as logs:
        async with DocketEngine("memory://", concurrency=1) as engine:
            working = asyncio.ensure_future(engine.work(house.optimizer(pool).run))
            await engine.enqueue(upload.id)
            async with asyncio.timeout(20):
                while await engine.depth():
                    await asyncio.sleep(0.01)
            working.cancel()
            await asyncio.wait([working])
    failed = [log for log in logs if log["event"] == "job.failed"]
    assert (failed[0]["log_level"], failed[0]["again"]) == ("warning", True)
    assert "MachineFailed" in failed[0]["error"]
    ready = await house.records.get(upload.id)
    assert (ready.phase, ready.attempts) == (Phase.READY, 2)
