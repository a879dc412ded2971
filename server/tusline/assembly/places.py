"""Where bytes are kept when several processes share them: a bucket, or the disk of their host."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tusline.assembly.bucket import in_bucket
from tusline.assembly.disk import disk
from tusline.assembly.ground import Ground
from tusline.interfaces import BlobStore
from tusline.redis.client import Redis
from tusline.redis.keys import Keys
from tusline.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A store, what it stands on, and a folder for temporary files near it."""

    store: BlobStore
    ground: Ground
    scratch: Path


def place(settings: Settings, redis: Redis, keys: Keys) -> Place:
    """Raises ConfigurationError."""
    if settings.store == "s3":
        return _bucket(settings, redis, keys)
    return _shared_disk(settings)


def _shared_disk(settings: Settings) -> Place:
    bytes = disk(settings, shared=True)
    return Place(store=bytes.store, ground=bytes, scratch=bytes.layout.scratch)


def _bucket(settings: Settings, redis: Redis, keys: Keys) -> Place:
    scratch = _scratch()
    bytes = in_bucket(settings, scratch, redis, keys)
    return Place(store=bytes.store, ground=bytes, scratch=scratch)


def _scratch() -> Path:
    """On a disk that may be lost with the process."""
    return Path(tempfile.gettempdir()) / f"tusline-{os.getuid()}"
