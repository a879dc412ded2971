"""How much memory a whole server takes while 20 photos of 12 MP arrive at once and are optimized.

    PYTHONPATH=tests python benchmarks/server_memory.py [--images 20]

Sums the proportional set size of the web process and of its image children every few
milliseconds, each for itself and together. Linux only.
"""

import argparse
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pss import children_of, pss
from support import photos, tus
from support.servers import running_server

EVERY = 0.004
SETTLE = 1.0
MB = 1e6


@dataclass
class Reading:
    """Bytes: the web process, its children, how many of them there were."""

    web: int = 0
    children: int = 0
    count: int = 0

    @property
    def tree(self) -> int:
        return self.web + self.children


class Sampler(threading.Thread):
    """Samples until stopped; keeps the highest of each figure and the most jobs seen at once."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid = pid
        self.peak, self.peak_web, self.peak_children, self.most = 0, 0, 0, 0
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.wait(EVERY):
            now = read(self.pid)
            self.peak = max(self.peak, now.tree)
            self.peak_web = max(self.peak_web, now.web)
            self.peak_children = max(self.peak_children, now.children)
            self.most = max(self.most, now.count)

    def stop(self) -> None:
        self._stopped.set()
        self.join()


def read(pid: int) -> Reading:
    children = [pss(child) for child in children_of(pid)]
    return Reading(web=pss(pid), children=sum(children), count=len(children))


def measure(count: int) -> None:
    given = list(photos.variations(photos.jpeg(1, size=(4000, 3000)), count + 1))
    with tempfile.TemporaryDirectory() as folder, running_server(Path(folder)) as server:
        time.sleep(SETTLE)
        fresh = read(server.pid)
        tus.outcome(tus.upload(server.files, given.pop()))  # imports done, children started
        time.sleep(SETTLE)
        idle = read(server.pid)
        sampler = Sampler(server.pid)
        sampler.start()
        began = time.monotonic()
        with ThreadPoolExecutor(count) as clients:
            urls = list(clients.map(lambda data: tus.upload(server.files, data), given))
            sent = time.monotonic() - began
            ready = sum(done["phase"] == "ready" for done in clients.map(tus.outcome, urls))
        seconds = time.monotonic() - began
        sampler.stop()
        time.sleep(SETTLE)
        after = read(server.pid)
    size = sum(map(len, given))
    print(f"photos    {count} of {size / count / MB:.1f} MB, all at once; {ready} READY")
    print(f"time      sent in {sent:.2f} s, all optimized in {seconds:.2f} s")
    print(f"children  {sampler.most} at most")
    row = "{:9} fresh {:5.0f}  idle {:5.0f}  peak {:5.0f}  over idle {:5.0f}  after {:5.0f} MB"
    peaks = (sampler.peak_web, sampler.peak_children, sampler.peak)
    for name, peak in zip(("web", "children", "tree"), peaks, strict=True):
        at = [getattr(reading, name) / MB for reading in (fresh, idle, after)]
        print(row.format(name, at[0], at[1], peak / MB, peak / MB - at[1], at[2]))


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--images", type=int, default=20)
    measure(options.parse_args().images)
