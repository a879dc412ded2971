"""Files that nothing names any more: left by writers and workers that were late, or died."""

from pathlib import Path

from tusline.storage.disk import files
from tusline.storage.disk.layout import Layout
from tusline.upload import STORED, Phase, Upload, UploadId

NO_MORE_JOBS = frozenset({Phase.READY, Phase.FAILED})
"""Phases in which the record names every variant that there will be."""


def tidy(layout: Layout, upload: Upload) -> bool:
    """Delete what does not belong to a finished upload; whether there was any."""
    litter = []
    if upload.original_gone or layout.original(upload.id).exists():  # else they are the only copy
        litter = [path for path in layout.extents(upload.id) if path.exists()]
    if upload.phase in NO_MORE_JOBS:
        named = {layout.path(variant.key) for variant in upload.variants}
        litter += [path for path in _entries(layout.variants(upload.id)) if path not in named]
    if upload.phase not in STORED or not litter:
        return False
    files.remove_all(litter)
    return True


def walk(layout: Layout, after: str, limit: int) -> tuple[list[UploadId], str]:
    """The next ids of which there is a file, and where to go on; "" at the end."""
    found: list[UploadId] = []
    for shelf in layout.shelves():
        if shelf >= after[:2]:
            found += [id for id in layout.on_shelf(shelf) if id > after]
        if len(found) >= limit:
            return found[:limit], found[limit - 1]
    return found, ""


def _entries(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []
