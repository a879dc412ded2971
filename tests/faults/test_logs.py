"""What a log tells of a fault: where it is in the code, and nothing of what it was about."""

import subprocess
import sys

import pytest

FAULT = """
import logging, sys
import structlog
from tusline.logs import configure

def serve(header):
    raise RuntimeError("a bug")

configure(level="info", format=sys.argv[1])
try:
    serve("Bearer " + "x".join(["se", "cret"]))
except RuntimeError:
    structlog.get_logger().exception("task.failed")
    logging.getLogger("uvicorn.error").exception("failed")
"""
"""A fault with a token at hand, which stands nowhere in the source as it is."""


@pytest.mark.parametrize("format", ["text", "json"])
def test_a_traceback_names_the_line_and_shows_no_value(format: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FAULT, format], capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("RuntimeError: a bug") == 2, "one of ours, one of a library's"
    assert "in serve" in done.stderr
    assert "sexcret" not in done.stderr
