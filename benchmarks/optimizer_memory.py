"""How much memory the optimizer takes, and how fast it is: many 12 MP photos, two at a time.

    python benchmarks/optimizer_memory.py [--images 20] [--concurrency 2]

Sums the proportional set size of this process and of all its children every few milliseconds.
Linux only.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from pss import children_of, pss
from tusline_optimizer.pool import ImagePool
from tusline_optimizer.recipes import DEFAULT

SIZE = (4000, 3000)
QUALITY = 88
EVERY = 0.004
"""Seconds between two samples."""

SETTLE = 0.5
"""Seconds of rest before the memory of idle processes is read."""

MB = 1e6


def make_photos(folder: Path, count: int) -> None:
    """Photos full of detail, 4 to 5 MB each. Runs in a process of its own, which takes the memory
    for it away again."""
    from PIL import Image

    for number in range(count):
        coarse = [Image.effect_noise((500, 375), 90).resize(SIZE) for _ in range(3)]
        grain = Image.effect_noise(SIZE, 44)
        photo = Image.merge("RGB", [Image.blend(plane, grain, 0.12) for plane in coarse])
        photo.save(folder / f"{number}.jpg", quality=QUALITY, subsampling=2)


class Memory(threading.Thread):
    """Samples the whole process tree until it is stopped; `peak` is in bytes."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self.samples = 0
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.wait(EVERY):
            self.peak = max(self.peak, tree())
            self.samples += 1

    def stop(self) -> None:
        self._stopped.set()
        self.join()


def tree() -> int:
    """Proportional set size in bytes of this process and its children."""
    return sum(pss(pid) for pid in [os.getpid(), *children_of(os.getpid())])


async def optimize(pool: ImagePool, photos: list[Path], folder: Path) -> int:
    """Make the variants of all photos, as fast as the pool will; bytes of the main variants."""

    async def one(photo: Path) -> int:
        made = folder / photo.stem
        made.mkdir(exist_ok=True)
        rendered = await pool.process(photo, made, DEFAULT)
        return rendered.outputs[0].size

    return sum(await asyncio.gather(*(one(photo) for photo in photos)))


async def measure(photos: list[Path], folder: Path, concurrency: int) -> None:
    pool = ImagePool(concurrency=concurrency, memory=256 * 1024 * 1024, seconds=20, idle=60)
    try:
        await optimize(pool, photos[:concurrency], folder)  # starts the children
        await asyncio.sleep(SETTLE)
        idle = tree()
        memory = Memory()
        memory.start()
        began = time.monotonic()
        size = await optimize(pool, photos, folder)
        seconds = time.monotonic() - began
        memory.stop()
        await asyncio.sleep(SETTLE)
        after = tree()
    finally:
        await pool.close()
    given = sum(photo.stat().st_size for photo in photos)
    print(f"photos  {len(photos)} of {given / len(photos) / MB:.1f} MB, {concurrency} at a time")
    print(f"speed   {len(photos) / seconds:.1f} images/s, {seconds:.2f} s in all")
    print(f"size    {given / MB:.1f} MB in, {size / MB:.1f} MB out: {1 - size / given:.0%} saved")
    print(
        f"memory  idle {idle / MB:.0f} MB, peak {memory.peak / MB:.0f} MB, "
        f"delta {(memory.peak - idle) / MB:.0f} MB, after {after / MB:.0f} MB "
        f"({memory.samples} samples)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=20)
    parser.add_argument("--concurrency", type=int, default=2)
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.make:
        make_photos(given.make, given.images)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = [sys.executable, __file__, "--make", name, "--images", str(given.images)]
        subprocess.run(command, check=True)
        asyncio.run(measure(sorted(folder.glob("*.jpg")), folder, given.concurrency))


if __name__ == "__main__":
    main()
