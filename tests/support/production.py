"""A deployment as it is meant: web processes under gunicorn, Redis, and a bucket."""

import random
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support import photos
from support.programs import Deployment, Program, deployment
from support.s3_proxy import S3Proxy
from support.s3_servers import REGION, S3Server

MIB = 1024 * 1024
PART = 5 * MIB
LARGEST = 64 * MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Production:
    """What runs; the bucket is behind a proxy that tests steer."""

    service: Deployment
    bucket: S3Proxy
    web: Program


@contextmanager
def production(
    folder: Path, s3: S3Server, redis_url: str, **settings: object
) -> Generator[Production]:
    """Two web processes, with a bucket of their own."""
    with S3Proxy(s3.port) as bucket:
        given = {
            "store": "s3",
            "s3_bucket": s3.make_bucket(),
            "s3_endpoint": bucket.endpoint,
            "s3_region": REGION,
            "part_size": PART,
            "max_size": LARGEST,
            "segment_seconds": 1,
        }
        with deployment(folder / "data", redis_url, **given | settings) as service:
            yield Production(service=service, bucket=bucket, web=service.web(processes=2))


def large_photo(seed: int, size: int) -> bytes:
    """A photo with a tail of its own: large, and quick to decode."""
    small = photos.jpeg(seed, size=(320, 240))
    return small + random.Random(seed).randbytes(size - len(small))
