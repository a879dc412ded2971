"""A bucket of a real S3 server, reached directly or through a proxy that plays faults."""

from collections.abc import Generator
from pathlib import Path

import pytest

from support.s3_fixtures import s3_bucket, s3_proxy
from support.s3_processes import Process
from support.s3_proxy import S3Proxy
from support.s3_servers import S3Server
from tusline.storage.s3.client import Bucket
from tusline.storage.s3.values import BucketOptions

__all__ = ["s3_bucket", "s3_proxy"]

PREFIX = "some/where/"


@pytest.fixture
def options(s3: S3Server, s3_bucket: str, s3_proxy: S3Proxy) -> BucketOptions:
    """Through the proxy, with little patience."""
    return s3.options(
        s3_bucket, prefix=PREFIX, endpoint=s3_proxy.endpoint, silence=2, total=10, long=20
    )


@pytest.fixture
def bucket(options: BucketOptions) -> Generator[Bucket]:
    opened = Bucket(options)
    yield opened
    opened.close()


@pytest.fixture
def process(bucket: Bucket, tmp_path: Path) -> Generator[Process]:
    """A process that keeps its uploads in the bucket."""
    opened = Process(bucket, tmp_path)
    yield opened
    opened.close()
