"""A few children for many images: bounded, and no image harms another."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from support import photos
from tusline_optimizer.answers import MachineFailed, Rendered, parse_rendered
from tusline_optimizer.pool import ImagePool
from tusline_optimizer.process import Crashed, Process
from tusline_optimizer.recipes import DEFAULT
from tusline_optimizer.refusals import Refused

from .children import Endless, children, gone

MiB = 1024 * 1024
PHOTO = photos.jpeg(1, size=(1600, 1200))


@asynccontextmanager
async def opened(
    *,
    concurrency: int = 2,
    memory: int = 256 * MiB,
    seconds: float = 20,
    idle: float = 60,
    recycled_after: int = 500,
) -> AsyncGenerator[ImagePool]:
    pool = ImagePool(
        concurrency=concurrency,
        memory=memory,
        seconds=seconds,
        idle=idle,
        recycled_after=recycled_after,
    )
    try:
        yield pool
    finally:
        await pool.close()
        assert children() == set()


class Bench:
    """Sources and scratch folders for a test."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._number = count()

    def source(self, data: bytes = PHOTO) -> Path:
        path = self._root / f"source{next(self._number)}"
        path.write_bytes(data)
        return path

    def endless(self) -> Endless:
        return Endless(self._root / f"pipe{next(self._number)}")

    async def run(self, pool: ImagePool, source: Path) -> Rendered:
        folder = self._root / f"folder{next(self._number)}"
        folder.mkdir()
        return await pool.process(source, folder, DEFAULT)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


async def until(true: Callable[[], bool]) -> None:
    """Wait for what the kernel tells nobody about."""
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.01)


async def test_children_start_with_the_first_image_and_serve_many(bench: Bench) -> None:
    async with opened() as pool:
        assert children() == set()
        first = await bench.run(pool, bench.source())
        (child,) = children()
        second = await bench.run(pool, bench.source())
        assert children() == {child}
        assert first == second
        assert [output.recipe for output in first.outputs] == ["main", "thumbnail"]


async def test_no_more_images_are_made_at_a_time_than_the_concurrency(bench: Bench) -> None:
    async with opened(concurrency=2) as pool:
        pipes = [bench.endless() for _ in range(4)]
        tasks = [asyncio.ensure_future(bench.run(pool, pipe.path)) for pipe in pipes]
        await asyncio.gather(pipes[0].opened(), pipes[1].opened())
        assert len(children()) == 2
        assert not pipes[2].is_open()
        assert not pipes[3].is_open()
        for pipe in pipes[:2]:
            pipe.close()
        for pipe in pipes[2:]:
            await pipe.opened()
            pipe.close()
        refused = await asyncio.gather(*tasks, return_exceptions=True)
        assert [getattr(error, "code", "") for error in refused] == ["not_an_image"] * 4


async def test_a_child_that_is_killed_harms_no_neighbour(bench: Bench) -> None:
    async with opened(concurrency=2) as pool:
        pipe = bench.endless()
        victim = asyncio.ensure_future(bench.run(pool, pipe.path))
        await pipe.opened()
        (child,) = children()
        others = [asyncio.ensure_future(bench.run(pool, bench.source())) for _ in range(4)]
        await until(lambda: len(children()) == 2)
        os.kill(child, signal.SIGKILL)
        with pytest.raises(Crashed):
            await victim
        assert all(len(made.outputs) == 2 for made in await asyncio.gather(*others))
        assert len((await bench.run(pool, bench.source())).outputs) == 2
        assert child not in children()
        pipe.close()


async def test_a_child_that_is_killed_while_idle_is_replaced(bench: Bench) -> None:
    async with opened() as pool:
        await bench.run(pool, bench.source())
        (child,) = children()
        os.kill(child, signal.SIGKILL)
        await until(lambda: child not in children())
        assert len((await bench.run(pool, bench.source())).outputs) == 2


async def test_an_image_that_takes_too_long_is_refused_and_its_child_killed(bench: Bench) -> None:
    async with opened(seconds=0.5) as pool:
        pipe = bench.endless()
        victim = asyncio.ensure_future(bench.run(pool, pipe.path))
        await pipe.opened()
        (child,) = children()
        with pytest.raises(Refused) as refused:
            await victim
        assert refused.value.code == "timeout"
        assert gone(child, within=0)
        assert children() == set()
        pipe.close()


async def test_a_cancelled_image_ends_its_child_and_frees_its_place(bench: Bench) -> None:
    async with opened(concurrency=1) as pool:
        pipe = bench.endless()
        victim = asyncio.ensure_future(bench.run(pool, pipe.path))
        await pipe.opened()
        (child,) = children()
        victim.cancel()
        with pytest.raises(asyncio.CancelledError):
            await victim
        assert gone(child, within=0)
        assert len((await bench.run(pool, bench.source())).outputs) == 2
        pipe.close()


async def test_an_image_that_alone_needs_more_than_the_budget_is_refused(bench: Bench) -> None:
    async with opened(memory=8 * MiB) as pool:
        with pytest.raises(Refused) as refused:
            await bench.run(pool, bench.source())
        assert refused.value.code == "too_much_memory"
        small = bench.source(photos.jpeg(1, size=(320, 240)))
        assert len((await bench.run(pool, small)).outputs) == 2


@pytest.mark.parametrize(("memory", "together"), [(45 * MiB, 1), (256 * MiB, 2)])
async def test_images_wait_for_each_other_s_memory(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, memory: int, together: int
) -> None:
    """Two photos of 31 MiB at work."""
    rendering = most = 0
    ask = Process.ask

    async def watched(self: Process, request: dict[str, Any]) -> dict[str, Any]:
        nonlocal rendering, most
        rendering += "render" in request
        most = max(most, rendering)
        answer = await ask(self, request)
        rendering -= "render" in request
        return answer

    monkeypatch.setattr(Process, "ask", watched)
    async with opened(concurrency=2, memory=memory) as pool:
        source = bench.source(photos.jpeg(1))
        both = await asyncio.gather(bench.run(pool, source), bench.run(pool, source))
    assert all(len(made.outputs) == 2 for made in both)
    assert most == together


async def test_a_refused_image_does_not_cost_its_child(bench: Bench) -> None:
    async with opened() as pool:
        await bench.run(pool, bench.source())
        before = children()
        with pytest.raises(Refused):
            await bench.run(pool, bench.source(PHOTO[:-999]))
        assert children() == before


async def test_a_child_is_replaced_after_its_share_of_images(bench: Bench) -> None:
    async with opened(recycled_after=2) as pool:
        seen = []
        for _ in range(4):
            await bench.run(pool, bench.source())
            seen.append(children())
        first, second, third, fourth = seen
        assert len(first) == len(third) == 1
        assert second == fourth == set()
        assert first != third


async def test_idle_children_end(bench: Bench) -> None:
    async with opened(idle=0.05) as pool:
        await bench.run(pool, bench.source())
        await until(lambda: children() == set())
        assert len((await bench.run(pool, bench.source())).outputs) == 2


async def test_closing_ends_children_in_the_middle_of_an_image(bench: Bench) -> None:
    async with opened() as pool:
        pipe = bench.endless()
        victim = asyncio.ensure_future(bench.run(pool, pipe.path))
        await pipe.opened()
        began = time.monotonic()
        await pool.close()
        assert time.monotonic() - began < 2
        with pytest.raises(Crashed):
            await victim
        with pytest.raises(Crashed, match="closed"):
            await bench.run(pool, bench.source())
        pipe.close()


async def test_a_missing_source_is_the_machine_s_fault(bench: Bench, tmp_path: Path) -> None:
    async with opened() as pool:
        with pytest.raises(MachineFailed, match="FileNotFoundError"):
            await bench.run(pool, tmp_path / "missing")


GOOD = {
    "recipe": "main",
    "format": "JPEG",
    "width": 1,
    "height": 1,
    "size": 1,
    "sha256": "0" * 64,
}


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"size": [1, 1]},
        {"size": [1, 0], "outputs": []},
        {"size": [1, 1], "outputs": [{**GOOD, "recipe": "../../etc/passwd"}]},
        {"size": [1, 1], "outputs": [{**GOOD, "format": "HTML"}]},
        {"size": [1, 1], "outputs": [{**GOOD, "sha256": "../" * 8}]},
        {"size": [1, 1], "outputs": [{**GOOD, "size": -1}]},
        {"size": [1, 1], "outputs": [{**GOOD, "path": "/etc/passwd"}]},
        {"refused": "because"},
    ],
)
def test_answers_of_a_child_that_was_taken_over_are_not_believed(answer: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_rendered(answer, DEFAULT)
    assert parse_rendered({"size": [1, 1], "outputs": [GOOD]}, DEFAULT).outputs[0].size == 1
