"""What every adapter of the JobEngine door promises."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import pytest

from support.redis_cluster import RedisCluster, running_cluster
from tusline.interfaces import JobEngine, JobHandler
from tusline.jobs import docket
from tusline.jobs.docket import DocketEngine
from tusline.upload import UploadId

CONCURRENCY = 2
DRAIN = 0.2
ONE, TWO, THREE = UploadId("one"), UploadId("two"), UploadId("three")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Generator[RedisCluster]:
    with running_cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture(params=["memory", "redis", "cluster"])
async def engine(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[JobEngine]:
    monkeypatch.setattr(docket, "FIRST_RETRY", timedelta(milliseconds=1))
    monkeypatch.setattr(docket, "SCHEDULE_EVERY", timedelta(milliseconds=10))
    url = "memory://"
    if request.param == "redis":
        url = request.getfixturevalue("redis_server").url
    elif request.param == "cluster":
        running: RedisCluster = request.getfixturevalue("cluster")
        url = running.url
        for server in running.servers:
            server.call("FLUSHALL")
    async with DocketEngine(url, concurrency=CONCURRENCY, drain=DRAIN) as adapter:
        yield adapter


class Handler:
    """Runs until it is let go, and remembers what it was given."""

    def __init__(self) -> None:
        self.started: list[UploadId] = []
        self.ended: list[UploadId] = []
        self.go = asyncio.Event()
        self._changed = asyncio.Condition()

    async def __call__(self, id: UploadId) -> None:
        await self._note(self.started, id)
        await self.go.wait()
        await self._note(self.ended, id)

    async def _note(self, ids: list[UploadId], id: UploadId) -> None:
        ids.append(id)
        async with self._changed:
            self._changed.notify_all()

    async def wait(self, *, started: int = 0, ended: int = 0) -> None:
        async with self._changed, asyncio.timeout(10):
            await self._changed.wait_for(
                lambda: len(self.started) >= started and len(self.ended) >= ended
            )


@asynccontextmanager
async def working(engine: JobEngine, handler: JobHandler) -> AsyncGenerator[None]:
    task = asyncio.ensure_future(engine.work(handler))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def emptied(engine: JobEngine) -> None:
    """Wait until no job is queued or running."""
    async with asyncio.timeout(10):
        while await engine.depth():
            await asyncio.sleep(0.005)  # depth has no event


async def test_a_job_that_was_enqueued_runs(engine: JobEngine) -> None:
    handler = Handler()
    handler.go.set()
    await engine.enqueue(ONE)
    async with working(engine, handler):
        await handler.wait(ended=1)
    assert handler.ended == [ONE]


async def test_a_job_enqueued_while_it_is_queued_runs_once(engine: JobEngine) -> None:
    handler = Handler()
    handler.go.set()
    await engine.enqueue(ONE)
    await engine.enqueue(ONE)
    assert await engine.depth() == 1
    async with working(engine, handler):
        await handler.wait(ended=1)
        await emptied(engine)
    assert handler.started == [ONE]


async def test_a_job_enqueued_while_it_runs_runs_once(engine: JobEngine) -> None:
    handler = Handler()
    await engine.enqueue(ONE)
    async with working(engine, handler):
        await handler.wait(started=1)
        await engine.enqueue(ONE)
        handler.go.set()
        await emptied(engine)
    assert handler.started == [ONE]


async def test_a_job_enqueued_after_it_ended_runs_again(engine: JobEngine) -> None:
    handler = Handler()
    handler.go.set()
    async with working(engine, handler):
        await engine.enqueue(ONE)
        await emptied(engine)
        await engine.enqueue(ONE)
        await emptied(engine)
    assert handler.ended == [ONE, ONE]


async def test_no_more_jobs_run_at_a_time_than_the_concurrency(engine: JobEngine) -> None:
    handler = Handler()
    for id in (ONE, TWO, THREE):
        await engine.enqueue(id)
    async with working(engine, handler):
        await handler.wait(started=CONCURRENCY)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await handler.wait(started=CONCURRENCY + 1)
        handler.go.set()
        await handler.wait(ended=3)
    assert set(handler.ended) == {ONE, TWO, THREE}


async def test_the_depth_counts_jobs_queued_and_running(engine: JobEngine) -> None:
    handler = Handler()
    assert await engine.depth() == 0
    for id in (ONE, TWO, THREE):
        await engine.enqueue(id)
    assert await engine.depth() == 3
    async with working(engine, handler):
        await handler.wait(started=CONCURRENCY)
        assert await engine.depth() == 3
        handler.go.set()
        await emptied(engine)


async def test_who_works_is_counted(engine: JobEngine) -> None:
    assert await engine.workers() == 0
    async with working(engine, Handler()), asyncio.timeout(10):
        while await engine.workers() != 1:
            await asyncio.sleep(0.005)  # a heartbeat has no event
    assert await engine.workers() == 0


async def test_a_job_that_fails_is_tried_again(engine: JobEngine) -> None:
    tried = 0
    done = asyncio.Event()

    async def fails_once(_: UploadId) -> None:
        nonlocal tried
        tried += 1
        if tried == 1:
            raise OSError("the network is away")
        done.set()

    await engine.enqueue(ONE)
    async with working(engine, fails_once), asyncio.timeout(10):
        await done.wait()
        await emptied(engine)
    assert tried == 2


async def test_a_job_that_always_fails_is_let_go_and_can_be_enqueued_again(
    engine: JobEngine,
) -> None:
    tried: list[UploadId] = []

    async def fails(id: UploadId) -> None:
        tried.append(id)
        raise OSError("the network is away")

    async with working(engine, fails):
        await engine.enqueue(ONE)
        await emptied(engine)
        first = len(tried)
        await engine.enqueue(ONE)
        await emptied(engine)
    assert first > 1
    assert len(tried) == 2 * first


async def test_a_failing_job_harms_no_other(engine: JobEngine) -> None:
    ended: list[UploadId] = []

    async def fails_on_one(id: UploadId) -> None:
        if id == ONE:
            raise OSError("the network is away")
        ended.append(id)

    for id in (ONE, TWO, THREE):
        await engine.enqueue(id)
    async with working(engine, fails_on_one):
        await emptied(engine)
    assert set(ended) == {TWO, THREE}


async def test_a_job_that_is_cancelled_with_the_work_counts_as_not_done(engine: JobEngine) -> None:
    handler = Handler()
    await engine.enqueue(ONE)
    async with working(engine, handler):
        await handler.wait(started=1)
    assert handler.ended == []
    assert await engine.depth() == 1
    handler.go.set()
    async with working(engine, handler):
        await handler.wait(ended=1)
        await emptied(engine)
    assert handler.started == [ONE, ONE]


async def test_a_job_may_end_while_the_work_is_being_cancelled(engine: JobEngine) -> None:
    handler = Handler()
    for id in (ONE, TWO, THREE):
        await engine.enqueue(id)
    work = asyncio.ensure_future(engine.work(handler))
    await handler.wait(started=CONCURRENCY)
    work.cancel()
    await asyncio.sleep(0)  # the worker learns of it before its jobs end
    handler.go.set()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert len(handler.ended) == CONCURRENCY
    assert await engine.depth() == 1


async def test_jobs_are_no_news(engine: JobEngine, caplog: pytest.LogCaptureFixture) -> None:
    handler = Handler()
    handler.go.set()
    await engine.enqueue(ONE)
    with caplog.at_level(logging.INFO):
        async with working(engine, handler):
            await handler.wait(ended=1)
            await emptied(engine)
    assert [record.name for record in caplog.records if record.name.startswith("docket")] == []


async def test_a_job_has_the_seconds_that_it_is_given() -> None:
    stopped = asyncio.Event()

    async def handler(id: UploadId) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            stopped.set()
            raise

    async with DocketEngine("memory://", concurrency=1, seconds=0.2) as engine:
        working = asyncio.ensure_future(engine.work(handler))
        await engine.enqueue(UploadId("an-upload-0000000"))
        async with asyncio.timeout(10):
            await stopped.wait()
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working
