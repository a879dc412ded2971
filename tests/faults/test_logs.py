"""What a log tells of a fault: where it is in the code, and nothing of what it was about."""

import subprocess
import sys

import pytest

FAULT = """
import logging, sys
import structlog
from tusline import Settings, Tusline
from tusline.logs import configure

def serve(header):
    raise RuntimeError("a bug")

if sys.argv[1] == "embedded":
    Tusline(Settings())
else:
    configure(level="info", format=sys.argv[1])
try:
    serve("Bearer " + "x".join(["se", "cret"]))
except RuntimeError:
    structlog.get_logger().exception("task.failed")
    logging.getLogger("uvicorn.error").exception("failed")
"""
"""A fault with a token at hand, which stands nowhere in the source as it is."""


@pytest.mark.parametrize("shape", ["text", "json", "embedded"])
def test_a_traceback_names_the_line_and_shows_no_value(shape: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FAULT, shape], capture_output=True, text=True, timeout=30
    )
    told = done.stdout + done.stderr
    assert done.returncode == 0, told
    assert told.count("RuntimeError: a bug") == 2, "one of ours, one of a library's"
    assert "in serve" in told
    assert "sexcret" not in told
