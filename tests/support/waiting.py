"""Waiting for what no signal tells of."""

import time
from collections.abc import Callable
from pathlib import Path

from tusline.storage.disk.layout import Layout
from tusline.upload import UploadId

SECONDS = 20.0


def until(true: Callable[[], bool], what: str) -> None:
    """Look again and again; raises AssertionError when it is not so in time."""
    give_up = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < give_up, f"never happened: {what}"
        time.sleep(0.005)


def until_written(data: Path, url: str, size: int) -> None:
    """Wait until an unfinished upload's file has `size` bytes, whether they count or not."""
    file = Layout(data).extent(UploadId(url.rpartition("/")[2]), 0)
    until(lambda: file.exists() and file.stat().st_size >= size, f"{size} bytes in the file")
