"""Bytes in a bucket of S3, and what a process needs to talk to it."""

from dataclasses import dataclass
from pathlib import Path

from tusline.errors import ConfigurationError
from tusline.redis.client import Redis
from tusline.redis.keys import Keys
from tusline.settings import Settings, variable
from tusline.storage.s3.budget import Budget
from tusline.storage.s3.building import Means
from tusline.storage.s3.client import Bucket
from tusline.storage.s3.pressure import Pressure
from tusline.storage.s3.redis_tail import RedisTail
from tusline.storage.s3.segments import Segments
from tusline.storage.s3.spool import Spool
from tusline.storage.s3.store import S3Store
from tusline.storage.s3.values import BucketOptions
from tusline.storage.s3.writer import Buffering

PATH_STYLE = {"auto": None, "true": True, "false": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class InBucket:
    """Implements Ground: the bucket's client and the folder of local copies."""

    bucket: Bucket
    spool: Spool
    store: S3Store

    def check(self) -> None:
        """The bucket may come later, as Redis may; `tusline doctor` looks at both."""

    async def open(self) -> None:
        await self.bucket.open()
        await self.spool.open()

    async def disconnect(self) -> None:
        """Connections are the threads' own."""

    def close(self) -> None:
        self.bucket.close()
        self.spool.close()


def in_bucket(settings: Settings, scratch: Path, redis: Redis, keys: Keys) -> InBucket:
    """Raises ConfigurationError."""
    bucket = Bucket(bucket_options(settings))
    spool = Spool(settings.spool or settings.data / "spool", settings.spool_bytes)
    # Those that were made before the setting was changed, or by another process, are read.
    tail = RedisTail(redis, keys, settings.tail_bytes if settings.tail == "redis" else 0)
    means = Means(
        bucket=bucket,
        segments=Segments(bucket, spool, tail),
        largest=settings.max_size,
        least=settings.part_size,
    )
    pressure = Pressure()
    buffers = Buffering(
        budget=Budget(settings.buffer_bytes, pressure.relieve),
        pressure=pressure,
        segment_seconds=settings.segment_seconds,
    )
    return InBucket(bucket=bucket, spool=spool, store=S3Store(means, buffers, scratch=scratch))


def bucket_options(settings: Settings) -> BucketOptions:
    """How to reach the bucket. Raises ConfigurationError where none is named."""
    if settings.s3_bucket is None:
        raise ConfigurationError(
            f"{variable('store')}=s3 needs {variable('s3_bucket')}, the name of a bucket"
        )
    return BucketOptions(
        bucket=settings.s3_bucket,
        endpoint=settings.s3_endpoint,
        prefix=settings.s3_prefix,
        region=settings.s3_region,
        path_style=PATH_STYLE[settings.s3_path_style],
        checksums=settings.s3_checksums,
        threads=settings.s3_threads,
        attempts=settings.s3_attempts,
        connect=settings.s3_connect_timeout,
        silence=settings.s3_read_timeout,
        total=settings.s3_timeout,
        long=settings.s3_copy_timeout,
    )
