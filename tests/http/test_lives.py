"""An application that is stopped and started again within one process, as hosts and tests do."""

import asyncio
import os
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from support import photos
from support.feed import Feed
from tusline import Settings, Tusline
from tusline.errors import ConfigurationError
from tusline.rules import Creation
from tusline.storage.disk import files
from tusline.upload import OVER, Phase, Upload, UploadId

PHOTO = photos.jpeg(5, size=(160, 120))
SECONDS = 20.0


class HangingOs:
    """`os` whose syncs of files wait while `free` is not set; `reached` says that one does."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.free.set()
        self.reached = threading.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def fdatasync(self, descriptor: int) -> None:
        if not self.free.is_set():
            self.reached.set()
            self.free.wait(SECONDS)
        os.fdatasync(descriptor)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> HangingOs:
    hanging = HangingOs()
    monkeypatch.setattr(files, "os", hanging)
    return hanging


def application(tmp_path: Path, **settings: Any) -> Tusline:
    return Tusline(Settings(data=tmp_path / "data", stop_wait=2, **settings))


async def uploaded(tusline: Tusline, data: bytes = PHOTO) -> UploadId:
    creation = Creation(length=len(data), metadata=None, body=len(data))
    body = Feed().end(data).body()
    return (await tusline.parts.service.creator.create(creation, body, owner="")).upload.id


async def judged(tusline: Tusline, id: UploadId) -> Upload:
    """The upload once its job has ended."""
    ended = {Phase.READY, Phase.FAILED, *OVER}
    async with asyncio.timeout(SECONDS):
        while (upload := await tusline.parts.doors.records.get(id)).phase not in ended:
            await asyncio.sleep(0.02)
    return upload


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not true():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def stopped_over_a_hang(tusline: Tusline, disk: HangingOs) -> AsyncGenerator[None]:
    """The application stops while a sync hangs, which goes on when the block is over."""
    async with tusline.running():
        disk.free.clear()
        uploading = asyncio.ensure_future(uploaded(tusline))
        await until(disk.reached.is_set)
    with suppress(Exception):
        await uploading
    try:
        yield
    finally:
        disk.free.set()


async def test_images_are_optimized_in_each_life(tmp_path: Path) -> None:
    tusline = application(tmp_path)
    for _ in range(2):
        async with tusline.running():
            upload = await judged(tusline, await uploaded(tusline))
            assert (upload.phase, upload.reason) == (Phase.READY, None)


def test_each_life_may_have_an_event_loop_of_its_own(tmp_path: Path) -> None:
    tusline = application(tmp_path, optimizer_concurrency=1)

    async def life() -> list[Phase]:
        async with tusline.running():
            ids = [await uploaded(tusline, PHOTO + bytes([n])) for n in range(3)]
            return [(await judged(tusline, id)).phase for id in ids]

    for _ in range(2):
        assert asyncio.run(life()) == [Phase.READY] * 3


async def test_a_folder_stays_locked_until_what_hangs_in_it_is_over(
    tmp_path: Path, disk: HangingOs
) -> None:
    tusline = application(tmp_path)
    async with stopped_over_a_hang(tusline, disk):
        assert tusline.life.hanging()
        for one in (tusline, application(tmp_path)):
            with pytest.raises(ConfigurationError, match="in use"):
                async with one.running():
                    pass
    await until(lambda: not tusline.life.hanging())
    async with tusline.running():
        upload = await judged(tusline, await uploaded(tusline))
        assert upload.phase is Phase.READY


async def test_a_host_that_needs_all_the_time_of_a_stop_for_itself_leaves_nothing_hanging(
    tmp_path: Path,
) -> None:
    tusline, others = application(tmp_path), children()
    async with tusline.running():
        await judged(tusline, await uploaded(tusline))
        (child,) = children() - others
        await tusline.drain()
        await asyncio.sleep(2.1)  # longer than TUSLINE_STOP_WAIT
    assert not tusline.life.hanging()
    await until(lambda: child not in children())
    async with tusline.running():
        pass


async def test_a_sweep_that_is_refused_beside_a_server_changes_nothing_for_it(
    tmp_path: Path,
) -> None:
    tusline = application(tmp_path)
    async with tusline.running():
        await tusline.drain()
        with pytest.raises(ConfigurationError, match="in use"):
            await tusline.life.sweep_once()
        assert tusline.parts.service.running.draining
    async with tusline.running():
        assert not tusline.parts.service.running.draining


def children() -> set[int]:
    """Processes that this one has started and that live."""
    pid = os.getpid()
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {int(child) for child in found if state(int(child)) != "Z"}


def state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return "Z"
