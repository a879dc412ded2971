"""Partial and final uploads of a house."""

from pathlib import Path

from support.feed import Feed
from support.house import House
from tusline.rules import Creation
from tusline.upload import Upload, UploadId


async def partial(house: House, data: bytes, *, length: int | None = -1) -> Upload:
    """A partial upload that holds `data` (`length` -1: and no more)."""
    size = len(data) if length == -1 else length
    creation = Creation(length=size, metadata=None, body=0, concat="partial")
    upload = (await house.service.creator.create(creation, None, owner="")).upload
    await house.append(upload.id, 0, Feed().end(data))
    return await house.get(upload.id)


async def final(house: House, *members: Upload, wait: float | None = None) -> Upload:
    """A new final upload; `wait` seconds for its join."""
    ids = tuple(member.id for member in members)
    creation = Creation(length=None, metadata=None, body=0, concat="final;...", members=ids)
    return (await house.service.creator.create(creation, None, owner="", left=wait)).upload


async def looked(house: House, id: UploadId) -> Upload:
    """As HEAD sees it."""
    return await house.service.looker.offset(id, owner=None)


def files_of(tmp_path: Path, upload: Upload) -> list[Path]:
    return [path for path in (tmp_path / "data").rglob(f"{upload.id}*") if path.is_file()]
