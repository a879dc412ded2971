"""A server that dies during a job is not the image's fault, unless it happens every time."""

from pathlib import Path

from tusline.records.sqlite.interrupted import FORGIVEN
from tusline.upload import Phase, Upload, UploadId
from tusline_optimizer.pool import ImagePool

from .job_house import ATTEMPTS, opened_house


async def dies_under_its_job(data: Path, id: UploadId, *, times: int) -> Upload:
    """The upload as the next server finds it."""
    for _ in range(times):
        async with opened_house(data) as house:
            assert await house.records.start_job(id) is not None
    async with opened_house(data) as house:
        return await house.records.get(id)


async def received(data: Path) -> UploadId:
    async with opened_house(data) as house:
        return (await house.received()).id


async def test_a_good_photo_survives_many_deaths_of_the_server(
    tmp_path: Path, pool: ImagePool
) -> None:
    data = tmp_path / "data"
    id = await received(data)
    found = await dies_under_its_job(data, id, times=3 * ATTEMPTS)
    assert (found.phase, found.attempts) == (Phase.RECEIVED, 0)
    async with opened_house(data) as house:
        assert await house.records.pending(after="", limit=9) == ([id], "")
        await house.optimizer(pool).run(id)
        ready = await house.records.get(id)
        assert (ready.phase, ready.attempts) == (Phase.READY, 1)
        names = [event.name for event in await house.records.timeline(id)]
        assert names.count("optimizing") == 3 * ATTEMPTS + 1


async def test_a_file_that_takes_the_server_down_each_time_fails_in_the_end(
    tmp_path: Path, pool: ImagePool
) -> None:
    data = tmp_path / "data"
    id = await received(data)
    found = await dies_under_its_job(data, id, times=FORGIVEN + ATTEMPTS)
    assert found.attempts == ATTEMPTS
    async with opened_house(data) as house:
        await house.optimizer(pool).run(id)
        failed = await house.records.get(id)
        assert failed.phase is Phase.FAILED
        assert failed.reason is not None
        assert failed.reason.code == "too_many_attempts"


async def test_attempts_in_which_only_the_child_died_still_count(
    tmp_path: Path, pool: ImagePool
) -> None:
    data = tmp_path / "data"
    id = await received(data)
    async with opened_house(data) as house:
        await house.records.start_job(id)
        await house.records.start_job(id)
    found = await dies_under_its_job(data, id, times=1)
    assert found.attempts == 1
