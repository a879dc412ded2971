"""What became of a photo that a real client has uploaded."""

import hashlib
from pathlib import Path
from typing import Any

from support import tus
from support.clients import Ended
from support.servers import Server


def arrived(server: Server, ended: Ended, photo: Path) -> Any:
    """The status of the upload, which is done and optimized, with the photo to the byte as its
    original. Raises AssertionError."""
    assert ended.done, ended.words
    assert ended.url is not None
    own = f"{server.files}/{ended.url.rpartition('/')[2]}"
    told = tus.outcome(own)
    assert told["phase"] == "ready", told
    assert [variant["name"] for variant in told["variants"]] == ["main", "thumbnail"]
    stored = tus.request("GET", own).body
    assert hashlib.sha256(stored).digest() == hashlib.sha256(photo.read_bytes()).digest()
    return told
