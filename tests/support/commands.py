"""`tusline upload` as a process of its own, as a person runs it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

END_SECONDS = 50


class Run:
    """One run of the command, with a memory of its own in `home`."""

    def __init__(self, home: Path, *arguments: object) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tusline", "upload", *map(str, arguments)],
            env=os.environ | {"XDG_STATE_HOME": str(home), "COLUMNS": "120"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def end(self) -> tuple[int, str, str]:
        """Exit code, standard output, standard error."""
        try:
            out, error = self.process.communicate(timeout=END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"it did not end: {self.process.communicate()}") from None
        return self.process.returncode, out, error

    def close(self) -> None:
        """Kill what a failed test left running."""
        self.process.kill()
        self.process.communicate()

    def json(self) -> Any:
        """The JSON of a run that went well."""
        code, out, error = self.end()
        assert code == 0, (out, error)
        return json.loads(out)
