"""Where things lie in the data folder.

    DATA/lock                    held by the process that uses the folder
    DATA/control.sock            where that process takes commands
    DATA/records.db              the embedded records
    DATA/uploads/<xx>/<id>       bytes of an unfinished upload: its first extent
    DATA/uploads/<xx>/<id>.<t>   an extent begun under fencing token t, after a take-over
    DATA/uploads/<xx>/<id>.<n>.joined   several extents on their way into one; n is random
    DATA/originals/<xx>/<id>     a sealed original
    DATA/variants/<xx>/<id>/…    its variants
    DATA/scratch/                the optimizer's temporary files, emptied at start

<xx> are the first two characters of the id: folders of a million entries are slow to list.
"""

from dataclasses import dataclass
from pathlib import Path

from tusline.upload import UploadId

BYTES = ("uploads", "originals", "variants")
"""The folders that hold bytes of uploads."""


@dataclass(frozen=True, slots=True)
class Layout:
    root: Path

    @property
    def records(self) -> Path:
        return self.root / "records.db"

    @property
    def lock(self) -> Path:
        return self.root / "lock"

    @property
    def control(self) -> Path:
        return self.root / "control.sock"

    @property
    def scratch(self) -> Path:
        return self.root / "scratch"

    def extent(self, id: UploadId, token: int) -> Path:
        """The first extent's token is 0."""
        name = f"{id}.{token}" if token else id
        return self.root / "uploads" / id[:2] / name

    def extents(self, id: UploadId) -> list[Path]:
        """Every file that any writer of the upload may have begun, journalled or not."""
        folder = self.root / "uploads" / id[:2]
        return [folder / id, *folder.glob(f"{id}.*")]

    def original(self, id: UploadId) -> Path:
        return self.root / "originals" / id[:2] / id

    def variants(self, id: UploadId) -> Path:
        return self.root / "variants" / id[:2] / id

    def shelves(self) -> list[str]:
        """Every <xx> there is, in order."""
        roots = [self.root / name for name in BYTES]
        return sorted({shelf.name for root in roots if root.is_dir() for shelf in root.iterdir()})

    def on_shelf(self, shelf: str) -> list[UploadId]:
        """The ids of all files and folders on a shelf, in order."""
        folders = [self.root / name / shelf for name in BYTES]
        entries = {
            entry.name.partition(".")[0]
            for folder in folders
            if folder.is_dir()
            for entry in folder.iterdir()
        }
        return [UploadId(name) for name in sorted(entries)]

    def key(self, path: Path) -> str:
        """The blob key of a file: its path below the folder."""
        return str(path.relative_to(self.root))

    def path(self, key: str) -> Path:
        return self.root / key
