"""Where the crash tests keep their folders, and how many points a run has covered."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

COUNT = "crash points"

MEMORY = Path("/dev/shm")
"""A disk in memory, where there is one: what a sync does is not the matter here, and thousands of
them would take half of the time."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder for data folders."""
    made = tempfile.mkdtemp(prefix="tusline-", dir=MEMORY if MEMORY.is_dir() else None)
    yield Path(made)
    shutil.rmtree(made)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = terminalreporter.getreports("passed")
    counts = [
        value for report in reports for name, value in report.user_properties if name == COUNT
    ]
    if counts:
        terminalreporter.write_line(f"{COUNT} covered: {sum(map(int, map(str, counts)))}")
