"""The journal of the disk store: which files hold an upload's bytes, and from where."""

import json
from dataclasses import dataclass

from tusline.upload import Upload


@dataclass(frozen=True, slots=True)
class Extent:
    """A file that holds the upload's bytes from `at` on, until the next extent's `at`."""

    token: int
    at: int

    def entry(self) -> str:
        """Its line in the upload's journal."""
        return json.dumps({"extent": self.token, "at": self.at})


def extents_of(upload: Upload) -> list[Extent]:
    """The extents that count, in order; the journal names all that ever did, but the first.

    An extent replaces those that begin where it does, or beyond: they were written before a
    power cut took the upload back (I11).
    """
    extents = [Extent(0, 0)]
    for entry in map(json.loads, upload.journal):
        while extents and extents[-1].at >= entry["at"]:
            extents.pop()
        extents.append(Extent(entry["extent"], entry["at"]))
    return extents


def spans(upload: Upload) -> list[tuple[Extent, int]]:
    """Each extent that holds bytes of the upload, with the offset at which its bytes end."""
    extents = extents_of(upload)
    ends = [extent.at for extent in extents[1:]] + [upload.offset]
    return [
        (extent, min(end, upload.offset))
        for extent, end in zip(extents, ends, strict=True)
        if extent.at < upload.offset or extent.at == 0
    ]
