"""What the drivers in Python share: their arguments and their last word."""

import json
import sys
from pathlib import Path
from typing import Any


def read() -> tuple[str, Path, dict[str, Any]]:
    """ENDPOINT FILE [NAME=JSON ...]"""
    endpoint, path, *words = sys.argv[1:]
    pairs = (word.partition("=") for word in words)
    return endpoint, Path(path), {name: json.loads(value) for name, _, value in pairs}


def tell(url: object, *, done: bool) -> int:
    """Print what became of the upload; the exit code that goes with it."""
    print(json.dumps({"url": str(url) if url else None, "done": done}))
    return 0 if done else 1
