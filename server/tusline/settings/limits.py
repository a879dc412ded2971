"""What may be uploaded, how much of it, and how long it is kept."""

from typing import Literal

from pydantic import BaseModel, Field

from tusline.units import Bytes, Gone, PerSecond, Seconds, Words

IMAGE_TYPES = (
    "image/jpeg",
    "image/png",
    "image/webp",
    "image/gif",
    "image/avif",
    "image/heic",
)


class Limiting(BaseModel):
    """Sizes, types, life, room."""

    max_size: Bytes = Field(default=10_000_000, gt=0, description="Largest upload in bytes.")
    max_files: int = Field(
        default=20,
        gt=0,
        description="Files of a batch: uploads of one owner with the same `batch` in their "
        "metadata, a random id that the client chooses.",
    )
    types: Words = Field(
        default=IMAGE_TYPES,
        description="Media types accepted, of those in the default, by content; `*` accepts "
        "everything and stores what is no image unoptimized.",
    )
    expires: Seconds = Field(
        default=86400,
        description="Seconds without progress until an unfinished upload expires; 0: never. The "
        "time without a server does not count, up to as many seconds again.",
    )
    expired_status: Gone = Field(
        default=410,
        description="Status of requests for an expired upload; with 404 tus-java-client and "
        "tus-android-client start a new one, at 410 they give up.",
    )
    keep_records: Seconds = Field(
        default=604800,
        description="Seconds that the record of an upload outlives it (deleted, expired, "
        "rejected): then nobody knows of it any more; 0: for ever.",
    )
    keep_originals: Seconds = Field(
        default=0,
        description="Seconds that an original is kept after the optimizer's end; then its variants "
        "are all that is left, and an upload without variants expires. 0: until it is deleted.",
    )
    min_free: Bytes = Field(
        default=256 * 1024 * 1024,
        ge=0,
        description="Bytes of free disk below which uploads are not created.",
    )
    disk_reserve: Bytes = Field(
        default=32 * 1024 * 1024,
        ge=0,
        description="Bytes of disk that uploads leave to the records and the optimizer: below it "
        "no more bytes are taken, and the ones that came are kept.",
    )
    durability: Literal["process", "strict"] = Field(
        default="process",
        description="What acknowledged bytes of an unfinished upload survive: `process` the death "
        "of any process (a power cut takes the upload back to the last sync), `strict` a power "
        "cut as well. Finished uploads survive both.",
    )
    sync_bytes: Bytes = Field(
        default=8 * 1024 * 1024,
        gt=0,
        description="Bytes of an upload that may be unsynced before the disk syncs them.",
    )
    sync_seconds: Seconds = Field(
        default=5,
        gt=0,
        description="Seconds that bytes of a running request may be unsynced.",
    )
    sync_rate: PerSecond = Field(
        default=20, gt=0, description="Syncs a second at most, over all unfinished uploads."
    )
    queue_limit: int = Field(
        default=1000,
        gt=0,
        description="Optimizer jobs waiting, above which uploads are not created.",
    )
