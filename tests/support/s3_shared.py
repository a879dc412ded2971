"""One S3 API for all tests of a run."""

from collections.abc import Generator

import pytest

from support.s3_servers import S3Server, s3_server


@pytest.fixture(scope="session")
def s3() -> Generator[S3Server]:
    with s3_server() as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.credentials.items():
            patch.setenv(name, value)
        yield server
