"""Fixtures of a bucket for the suites that need one; a conftest imports those it offers."""

from collections.abc import Generator
from functools import cache

import boto3
import pytest

from support.s3_proxy import S3Proxy
from support.s3_servers import REGION, S3Server
from tusline.storage.s3 import making
from tusline.storage.s3.values import BucketOptions

__all__ = ["s3_bucket", "s3_proxy"]


@pytest.fixture
def s3_bucket(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a fresh bucket, and its credentials in the environment."""
    for name, value in s3.credentials.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(making, "make_session", one_session)
    return s3.make_bucket()


@cache
def the_session() -> boto3.session.Session:
    return boto3.session.Session(region_name=REGION)


def one_session(_: BucketOptions) -> boto3.session.Session:
    """The same for all tests, which have the same credentials: each new one reads 2 MB of JSON."""
    return the_session()


@pytest.fixture
def s3_proxy(s3: S3Server) -> Generator[S3Proxy]:
    """A fault proxy before the server."""
    with S3Proxy(s3.port) as proxy:
        yield proxy
