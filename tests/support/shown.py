"""What `tusline show` tells of an upload, beside the running server."""

import json
import subprocess
import sys
from typing import Any

from support.servers import Server


def timeline(server: Server, url: str) -> list[Any]:
    """The events of an upload, oldest first."""
    command = [sys.executable, "-m", "tusline", "show", url, "--data", str(server.data), "--json"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    events: list[Any] = json.loads(shown.stdout)["timeline"]
    return events
