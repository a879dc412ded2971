"""Where bytes are kept: on a disk, or in a bucket of S3 and how that is used."""

from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, BaseModel, Field

from tusline.units import Address, Bytes, Seconds

MIB = 1024 * 1024
SMALLEST_PART = 5 * MIB
"""What S3 wants of every part but the last."""

LARGEST_PART = 5 * 1024 * MIB


class Storing(BaseModel):
    """The store, the bucket, its client's patience, what is held in memory and on the disk."""

    store: Literal["disk", "s3"] = Field(
        default="disk",
        description="Where bytes are kept: `disk` (TUSLINE_DATA, one host) or `s3` (a bucket).",
    )
    s3_bucket: str | None = Field(
        default=None, min_length=3, description="The bucket; it must exist."
    )
    s3_endpoint: Address = Field(
        default=None,
        validation_alias=AliasChoices(
            "TUSLINE_S3_ENDPOINT", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "s3_endpoint"
        ),
        description="Address of a store that speaks S3, before AWS_ENDPOINT_URL_S3 and "
        "AWS_ENDPOINT_URL, which are read too. Unset: AWS. Credentials are where every AWS client "
        "looks for them (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, a role).",
    )
    s3_prefix: str = Field(
        default="",
        max_length=200,
        pattern=r"^([\w.!*'()-]+/)*$",
        description="What goes before the name of every object, `photos/` for example.",
    )
    s3_region: str | None = Field(
        default=None,
        validation_alias=AliasChoices(
            "TUSLINE_S3_REGION", "AWS_REGION", "AWS_DEFAULT_REGION", "s3_region"
        ),
        description="Region of the bucket, before AWS_REGION and AWS_DEFAULT_REGION, which are "
        "read too.",
    )
    s3_path_style: Literal["auto", "true", "false"] = Field(
        default="auto",
        description="Whether the bucket is named in the path and not in the host; `auto`: with "
        "TUSLINE_S3_ENDPOINT.",
    )
    s3_checksums: bool = Field(
        default=True,
        description="Whether bodies carry Content-MD5; `false` for stores that refuse it.",
    )
    s3_threads: int = Field(
        default=16, gt=0, le=256, description="Calls of the store at a time, of one process."
    )
    s3_attempts: int = Field(
        default=20,
        gt=0,
        description="How often a call is tried that fails for a passing reason. A request that "
        "waits for the store keeps its bytes; clients whose attempts are counted would give up "
        "sooner than an outage of some seconds is over.",
    )
    s3_connect_timeout: Seconds = Field(
        default=5,
        gt=0,
        description="Seconds until a connection to the store must stand, and until it must have "
        "taken each 256 KiB of a body.",
    )
    s3_read_timeout: Seconds = Field(
        default=8,
        gt=0,
        description="Seconds of silence after which an attempt is given up.",
    )
    s3_timeout: Seconds = Field(
        default=20, gt=0, description="Seconds that a call may take with all its attempts."
    )
    s3_copy_timeout: Seconds = Field(
        default=300,
        gt=0,
        description="The same, silence included, for calls during which the store copies: the end "
        "of an upload in parts, a part that is copied.",
    )
    part_size: Bytes = Field(
        default=8 * MIB,
        ge=SMALLEST_PART,
        le=LARGEST_PART,
        description="Bytes of a part of an upload in S3; larger ones where 10,000 would not do.",
    )
    segment_seconds: Seconds = Field(
        default=3,
        gt=0,
        description="Seconds after which a running request stores what is too little for a part, "
        "as an object of its own.",
    )
    buffer_bytes: Bytes = Field(
        default=64 * MIB,
        ge=MIB,
        description="Bytes on their way to S3 that a process holds in memory; then requests are "
        "read more slowly.",
    )
    tail: Literal["segments", "redis"] = Field(
        default="segments",
        description="Where bytes are kept that are too few for a part: in S3, as objects of their "
        "own, or in Redis, which saves most requests but loses them where Redis loses data.",
    )
    tail_bytes: Bytes = Field(
        default=512 * MIB,
        ge=MIB,
        description="Bytes that all uploads together may keep in Redis by TUSLINE_TAIL=redis, each "
        "1/64 of them an even share; what finds no room is stored as a segment.",
    )
    spool: Path | None = Field(
        default=None,
        description="Folder of copies on the local disk, so that little is read back from S3; it "
        "may be shared by the processes of a host, and be lost. Unset: `spool` in TUSLINE_DATA.",
    )
    spool_bytes: Bytes = Field(
        default=1024 * MIB, ge=0, description="Bytes of that folder; 0: no copies."
    )
