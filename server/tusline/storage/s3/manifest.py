"""The manifest of an upload: what has to be known, besides its bytes, when its record is lost."""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tusline.errors import StoreUnavailable
from tusline.upload import Phase, Upload, UploadId

VERSION = 1
"""Of the manifest's shape. A field that is added does not change it: readers leave it alone."""

KEPT = ("owner", "length", "metadata", "created", "expires", "batch", "deferred", "concat")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """An upload as it stood when the writer of `upload.token` began: of everything that was stored
    before, under older tokens, only what its journal names counts."""

    upload: Upload

    def to_bytes(self) -> bytes:
        upload = self.upload
        fields: dict[str, Any] = {name: getattr(upload, name) for name in KEPT}
        fields |= {
            "version": VERSION,
            "id": upload.id,
            "members": list(upload.members),
            "offset": upload.offset,
            "token": upload.token,
            "head": b64encode(upload.head).decode(),
            "journal": list(upload.journal),
        }
        return json.dumps(fields, indent=1).encode()

    @classmethod
    def read(cls, data: bytes) -> "Manifest":
        """Raises StoreUnavailable for one that a newer version wrote, or somebody spoiled."""
        try:
            return cls(upload=_upload(json.loads(data)))
        except (ValueError, KeyError, TypeError) as error:
            raise StoreUnavailable(f"a manifest cannot be read: {error}") from error


def _upload(fields: Mapping[str, Any]) -> Upload:
    if fields["version"] > VERSION:
        raise ValueError(f"version {fields['version']} is newer than this program")
    return Upload(
        id=UploadId(fields["id"]),
        phase=Phase.RECEIVING,
        offset=fields["offset"],
        synced=fields["offset"],
        head=b64decode(fields["head"]),
        journal=tuple(fields["journal"]),
        members=tuple(map(UploadId, fields["members"])),
        token=fields["token"],
        changed=fields["created"],
        version=1,
        **{name: fields[name] for name in KEPT},
    )
