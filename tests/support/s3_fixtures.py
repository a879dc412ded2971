"""Fixtures of a bucket for the suites that need one; a conftest imports those it offers."""

from collections.abc import Generator

import pytest

from support.s3_proxy import S3Proxy
from support.s3_servers import S3Server, s3_server

__all__ = ["s3", "s3_bucket", "s3_proxy"]


@pytest.fixture(scope="session")
def s3() -> Generator[S3Server]:
    """One S3 server for all tests; it is started when the first one needs it."""
    with s3_server() as server:
        yield server


@pytest.fixture
def s3_bucket(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a fresh bucket, and its credentials in the environment."""
    for name, value in s3.credentials.items():
        monkeypatch.setenv(name, value)
    return s3.make_bucket()


@pytest.fixture
def s3_proxy(s3: S3Server) -> Generator[S3Proxy]:
    """A fault proxy before the server."""
    with S3Proxy(s3.port) as proxy:
        yield proxy
