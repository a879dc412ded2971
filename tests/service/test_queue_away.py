"""A job queue that does not answer: uploads are created and finished all the same."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest

from support.feed import Feed
from support.house import House, open_house
from support.redis_servers import RedisServer, running_redis
from tusline.jobs.docket import DocketEngine
from tusline.upload import Phase

DATA = b"1234567890"


@pytest.fixture
async def queue(tmp_path: Path) -> AsyncGenerator[RedisServer]:
    with running_redis(tmp_path / "redis") as server:
        yield server


@pytest.fixture
async def house(tmp_path: Path, queue: RedisServer) -> AsyncGenerator[House]:
    async with DocketEngine(queue.url, concurrency=1) as jobs:
        async with open_house(
            tmp_path / "data", wrap=lambda doors: replace(doors, jobs=jobs)
        ) as opened:
            yield opened


async def uploaded(house: House) -> Phase:
    upload = await house.created(len(DATA))
    await house.append(upload.id, 0, Feed().end(DATA))
    return (await house.get(upload.id)).phase


async def test_uploads_are_created_and_finished_without_a_queue(
    house: House, queue: RedisServer
) -> None:
    queue.kill()
    assert await uploaded(house) is Phase.RECEIVED


async def test_what_was_not_queued_is_queued_by_the_sweeper(
    house: House, queue: RedisServer
) -> None:
    queue.kill()
    await uploaded(house)
    queue.start()
    assert (await house.service.sweeper.sweep()).queued == 1
    assert await house.doors.jobs.depth() == 1


async def test_uploads_do_not_wait_for_a_frozen_queue_for_long(
    house: House, queue: RedisServer
) -> None:
    queue.freeze()
    assert await uploaded(house) is Phase.RECEIVED
    queue.thaw()
