"""Where bytes are kept when several processes share them: a bucket, or the disk of their host."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tusline.assembly.disk import disk
from tusline.assembly.ground import Ground
from tusline.errors import ConfigurationError
from tusline.interfaces import BlobStore
from tusline.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A store, what it stands on, and a folder for temporary files near it."""

    store: BlobStore
    ground: Ground
    scratch: Path


def place(settings: Settings) -> Place:
    """Raises ConfigurationError."""
    return _bucket(settings) if settings.store == "s3" else _shared_disk(settings)


def _shared_disk(settings: Settings) -> Place:
    bytes = disk(settings, shared=True)
    return Place(store=bytes.store, ground=bytes, scratch=bytes.layout.scratch)


def _bucket(settings: Settings) -> Place:
    """The place of the S3 store."""
    raise ConfigurationError("TUSLINE_STORE=s3 is not there yet")


def _scratch() -> Path:
    """On a disk that may be lost with the process."""
    return Path(tempfile.gettempdir()) / f"tusline-{os.getuid()}"
