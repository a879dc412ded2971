"""Whether a data folder holds exactly the files that its records name."""

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from support.redis_servers import RedisServer
from support.shared_records import KEYS
from tusline.interfaces import Records
from tusline.storage.disk.layout import Layout
from tusline.upload import OVER, STORED, Upload, UploadId

KEPT = ("uploads", "originals", "variants", "scratch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftovers:
    """Files below the folder: `stray` are there and no record names them, `missing` are named
    and not there."""

    stray: frozenset[str]
    missing: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.stray or self.missing)


async def leftovers(
    layout: Layout, records: Records, redis: RedisServer | None = None
) -> Leftovers:
    """Compare the folder with all of its records, which may be in Redis."""
    found = {
        str(path.relative_to(layout.root))
        for name in KEPT
        for path in (layout.root / name).rglob("*")
        if not path.is_dir()
    }
    needed: set[str] = set()
    allowed: set[str] = set()
    for id in all_ids(layout.records) if redis is None else ids_in(redis):
        upload = await records.get(id)
        needed |= set(needed_by(upload, layout))
        if upload.phase not in STORED | OVER:
            allowed.add(layout.key(layout.extent(id, 0)))  # made when the first byte comes
    return Leftovers(stray=frozenset(found - needed - allowed), missing=frozenset(needed - found))


def needed_by(upload: Upload, layout: Layout) -> list[str]:
    """The files without which the upload is not whole."""
    if upload.phase in OVER:
        return []
    if upload.phase in STORED:
        original = layout.key(layout.original(upload.id))
        return [original, *(variant.key for variant in upload.variants)]
    begun = [(entry["extent"], entry["at"]) for entry in map(json.loads, upload.journal)]
    first = [0] if (begun[0][1] if begun else upload.offset) else []
    tokens = [*first, *(token for token, _ in begun)]
    return [layout.key(layout.extent(upload.id, token)) for token in tokens]


def all_ids(database: Path) -> list[UploadId]:
    """The ids of all records, read beside whoever holds them."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
        return [UploadId(row[0]) for row in db.execute("SELECT id FROM uploads ORDER BY created")]


def ids_in(server: RedisServer) -> list[UploadId]:
    """The ids of all records."""
    own = KEYS.upload("*")[0].partition("}")[2]
    found: list[bytes] = server.call("KEYS", f"tusline:{{*}}{own}")
    return [UploadId(key.decode().rpartition(":")[2]) for key in found]
