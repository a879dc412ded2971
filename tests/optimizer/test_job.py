"""One job, over the real embedded doors: from RECEIVED to READY or FAILED, once in effect."""

import asyncio
import hashlib
from pathlib import Path

import pytest

from tusline import topics
from tusline.errors import StoreUnavailable
from tusline.jobs.docket import DocketEngine
from tusline.upload import Phase, UploadId
from tusline_optimizer.answers import Output, Rendered
from tusline_optimizer.formats import sniff
from tusline_optimizer.pool import ImagePool
from tusline_optimizer.process import Crashed
from tusline_optimizer.recipes import Recipe
from tusline_optimizer.refusals import SENTENCES, Refused

from . import hostile
from .children import Endless, children
from .job_house import ATTEMPTS, PHOTO, House, opened_pool

# --- READY -------------------------------------------------------------------------------------


async def test_a_photo_becomes_ready_with_its_variants(house: House, pool: ImagePool) -> None:
    upload = await house.received()
    await house.optimizer(pool).run(upload.id)
    ready = await house.records.get(upload.id)
    assert ready.phase is Phase.READY
    assert ready.sha256 == hashlib.sha256(PHOTO).hexdigest()
    assert ready.image is not None
    assert (ready.image.width, ready.image.height) == (2400, 1600)
    main, thumbnail = ready.variants
    assert (main.name, main.width, main.height) == ("main", 1620, 1080)
    assert (thumbnail.name, thumbnail.width, thumbnail.height) == ("thumbnail", 320, 213)
    for variant in ready.variants:
        data = await house.content(variant)
        digest = hashlib.sha256(data).hexdigest()
        assert variant.key.endswith(f"/{variant.name}-{digest[:16]}.jpg")
        assert (sniff(data), variant.content_type) == ("JPEG", "image/jpeg")
        assert len(data) == variant.size < len(PHOTO)
    assert house.tidy()


async def test_who_watches_is_told_of_the_start_and_the_end(house: House, pool: ImagePool) -> None:
    upload = await house.received()
    woken = 0

    def wake() -> None:
        nonlocal woken
        woken += 1

    stop = house.signals.listen(topics.changed(upload.id), wake)
    await house.optimizer(pool).run(upload.id)
    await asyncio.sleep(0)
    stop()
    assert woken == 2


@pytest.mark.parametrize("content_type", [None, "application/pdf", "image/svg+xml"])
async def test_what_is_no_image_for_us_is_ready_as_it_is(
    house: House, pool: ImagePool, content_type: str | None
) -> None:
    upload = await house.received(hostile.PDF, content_type)
    await house.optimizer(pool).run(upload.id)
    ready = await house.records.get(upload.id)
    assert (ready.phase, ready.variants) == (Phase.READY, ())
    assert ready.sha256 == hashlib.sha256(hostile.PDF).hexdigest()
    assert children() == set()


async def test_a_job_that_is_over_is_not_done_again(house: House, pool: ImagePool) -> None:
    upload = await house.received()
    optimizer = house.optimizer(pool)
    await optimizer.run(upload.id)
    once = await house.records.get(upload.id)
    await optimizer.run(upload.id)
    assert await house.records.get(upload.id) == once


async def test_of_two_workers_the_newer_one_publishes(house: House, pool: ImagePool) -> None:
    upload = await house.received()
    house.store.go.clear()
    frozen = asyncio.ensure_future(house.optimizer(pool).run(upload.id))
    await house.store.putting.wait()
    newer = asyncio.ensure_future(house.optimizer(pool).run(upload.id))
    while (await house.records.get(upload.id)).attempts < 2:
        await asyncio.sleep(0.01)
    house.store.go.set()
    await asyncio.gather(frozen, newer)
    ready = await house.records.get(upload.id)
    assert (ready.phase, ready.attempts) == (Phase.READY, 2)
    assert len(house.stored_variants(upload.id)) == 2
    for variant in ready.variants:
        assert len(await house.content(variant)) == variant.size


async def test_a_batch_goes_through_the_job_engine(house: House, pool: ImagePool) -> None:
    uploads = [await house.received(id=f"upload-{number}") for number in range(5)]
    async with DocketEngine("memory://", concurrency=2) as engine:
        for upload in uploads:
            await engine.enqueue(upload.id)
        working = asyncio.ensure_future(engine.work(house.optimizer(pool).run))
        async with asyncio.timeout(20):
            while await engine.depth():
                await asyncio.sleep(0.01)
        working.cancel()
        await asyncio.wait([working])
    found = [await house.records.get(upload.id) for upload in uploads]
    assert {(upload.phase, upload.attempts) for upload in found} == {(Phase.READY, 1)}


# --- FAILED ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (PHOTO[:-5000], "broken"),
        (hostile.TEXT, "not_an_image"),
        (hostile.EPS, "unsupported"),
        (hostile.png_claiming(50_000, 50_000), "too_many_pixels"),
        (hostile.png_claiming(13_300, 13_300), "too_much_memory"),
        (hostile.many_scans(5000, (64, 64)), "too_many_scans"),
    ],
)
async def test_a_bad_image_fails_at_once_with_its_reason(
    house: House, pool: ImagePool, data: bytes, code: str
) -> None:
    upload = await house.received(data)
    await house.optimizer(pool).run(upload.id)
    failed = await house.records.get(upload.id)
    assert (failed.phase, failed.attempts, failed.variants) == (Phase.FAILED, 1, ())
    assert failed.reason is not None
    assert (failed.reason.code, failed.reason.message) == (code, SENTENCES[code])
    assert failed.sha256 == hashlib.sha256(data).hexdigest()
    assert house.tidy()


async def test_out_of_time_has_a_second_chance_before_it_fails(house: House) -> None:
    upload = await house.received()
    async with opened_pool(seconds=0.001) as hasty:
        optimizer = house.optimizer(hasty)
        with pytest.raises(Refused, match="timeout"):
            await optimizer.run(upload.id)
        assert (await house.records.get(upload.id)).phase is Phase.OPTIMIZING
        await optimizer.run(upload.id)
    failed = await house.records.get(upload.id)
    assert failed.phase is Phase.FAILED
    assert failed.reason is not None
    assert failed.reason.code == "timeout"


async def test_a_crash_is_tried_again_and_fails_in_the_end(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = await house.received()
    monkeypatch.setattr("sys.executable", "/bin/false")
    async with opened_pool() as pool:
        optimizer = house.optimizer(pool)
        for _ in range(ATTEMPTS - 1):
            with pytest.raises(Crashed):
                await optimizer.run(upload.id)
            assert (await house.records.get(upload.id)).phase is Phase.OPTIMIZING
        await optimizer.run(upload.id)
    failed = await house.records.get(upload.id)
    assert (failed.phase, failed.attempts) == (Phase.FAILED, ATTEMPTS)
    assert failed.reason is not None
    assert failed.reason.code == "crashed"
    assert house.tidy()


async def test_a_crash_that_was_not_the_image_s_fault_is_forgotten(
    house: House, pool: ImagePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = await house.received()
    with monkeypatch.context() as patched:
        patched.setattr("sys.executable", "/bin/false")
        with pytest.raises(Crashed):
            await house.optimizer(pool).run(upload.id)
    await house.optimizer(pool).run(upload.id)
    assert (await house.records.get(upload.id)).phase is Phase.READY


async def test_a_job_that_was_started_too_often_fails(house: House, pool: ImagePool) -> None:
    upload = await house.received()
    for _ in range(ATTEMPTS):
        await house.records.start_job(upload.id)
    await house.optimizer(pool).run(upload.id)
    failed = await house.records.get(upload.id)
    assert failed.phase is Phase.FAILED
    assert failed.reason is not None
    assert failed.reason.code == "too_many_attempts"
    assert children() == set()


# --- what is nobody's fault --------------------------------------------------------------------


async def test_a_store_that_fails_however_long_costs_no_attempt(
    house: House, pool: ImagePool
) -> None:
    upload = await house.received()
    house.store.failing = True
    for _ in range(ATTEMPTS + 1):
        with pytest.raises(StoreUnavailable):
            await house.optimizer(pool).run(upload.id)
    now = await house.records.get(upload.id)
    assert (now.phase, now.attempts) == (Phase.RECEIVED, 0)
    assert house.tidy()
    house.store.failing = False
    await house.optimizer(pool).run(upload.id)
    assert (await house.records.get(upload.id)).phase is Phase.READY


async def test_a_cancelled_job_leaves_nothing_but_its_attempt(
    house: House, pool: ImagePool
) -> None:
    upload = await house.received()
    original = house.layout.original(upload.id)
    original.rename(original.with_name("aside"))
    pipe = Endless(original)
    job = asyncio.ensure_future(house.optimizer(pool).run(upload.id))
    await pipe.opened()
    job.cancel()
    pipe.close()
    with pytest.raises(asyncio.CancelledError):
        await job
    assert house.tidy()
    original.unlink()
    original.with_name("aside").rename(original)
    await house.optimizer(pool).run(upload.id)
    ready = await house.records.get(upload.id)
    assert (ready.phase, ready.attempts) == (Phase.READY, 2)


async def test_an_upload_deleted_meanwhile_leaves_no_variant_behind(
    house: House, pool: ImagePool
) -> None:
    upload = await house.received()
    house.store.go.clear()
    job = asyncio.ensure_future(house.optimizer(pool).run(upload.id))
    await house.store.putting.wait()
    await house.records.retire(upload.id, Phase.TERMINATED, None)
    await house.store.discard(upload)
    house.store.go.set()
    await job
    assert (await house.records.get(upload.id)).phase is Phase.TERMINATED
    assert house.stored_variants(upload.id) == []
    assert house.tidy()


async def test_an_upload_that_never_was_is_no_error(house: House, pool: ImagePool) -> None:
    await house.optimizer(pool).run(UploadId("nobody"))
    assert house.tidy()
    assert house.stored_variants(UploadId("nobody")) == []


class TakenOver(ImagePool):
    """A pool whose child was taken over by its image, and points to a file of the server's."""

    async def process(self, source: Path, folder: Path, recipes: tuple[Recipe, ...]) -> Rendered:
        (folder / "main").symlink_to(source)
        output = Output(recipe="main", format="JPEG", width=1, height=1, size=1, sha256="0" * 64)
        return Rendered(size=(1, 1), outputs=(output,))


async def test_links_that_a_child_left_are_not_followed(house: House) -> None:
    upload = await house.received()
    pool = TakenOver(concurrency=1, memory=1, seconds=1, idle=1)
    with pytest.raises(Crashed, match="main is not a file"):
        await house.optimizer(pool).run(upload.id)
    assert house.stored_variants(upload.id) == []
