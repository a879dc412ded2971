"""Fail when a source file has more than 300 lines, unless ARCHITECTURE.md gives the reason."""

import subprocess
import sys
from pathlib import Path

CEILING = 300
SUFFIXES = {".py", ".ts", ".js", ".mjs", ".css", ".sql", ".lua"}


def main() -> int:
    listed = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True)
    story = Path("ARCHITECTURE.md").read_text()
    long = [
        (name, lines)
        for name in listed.stdout.splitlines()
        if Path(name).suffix in SUFFIXES and "/page/assets/" not in name and Path(name).is_file()
        if (lines := len(Path(name).read_text().splitlines())) > CEILING and name not in story
    ]
    for name, lines in long:
        sys.stderr.write(f"{name}: {lines} lines, and no reason in ARCHITECTURE.md\n")
    return 1 if long else 0


sys.exit(main())
