"""No file descriptor left: refusals with codes, no offset lost, and all is well again after."""

import hashlib
import http.client
import random
import resource
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from support import tus
from support.servers import HOST, Server, running_server

DATA = random.Random(6).randbytes(1_000_000)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with running_server(tmp_path, types="*") as running:
        yield running


@contextmanager
def no_more_descriptors(pid: int) -> Iterator[None]:
    """The process may open nothing while the block runs; what it has open stays so."""
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))


def test_an_upload_meets_exhausted_descriptors_and_completes_after(server: Server) -> None:
    url = tus.created(server.files, len(DATA))
    tus.patch(url, 0, DATA[:300_000])
    path, version = url.removeprefix(server.url), {"Tus-Resumable": "1.0.0"}
    patch = version | {"Content-Type": tus.OFFSET_STREAM, "Upload-Offset": "300000"}
    with closing(http.client.HTTPConnection(HOST, server.port, timeout=tus.TIMEOUT)) as line:
        line.request("HEAD", path, headers=version)
        line.getresponse().read()
        with no_more_descriptors(server.pid):
            line.request("HEAD", path, headers=version)
            head = line.getresponse()
            head.read()
            assert (head.status, head.headers["Upload-Offset"]) == (200, "300000")
            line.request("PATCH", path, DATA[300_000:], patch)
            refused = line.getresponse()
            code = refused.read().decode().partition(":")[0]
            assert (refused.status, code) == (503, "store-unavailable")
            assert refused.headers["Upload-Offset"] == "300000"
    offset = tus.head(url).offset
    assert tus.patch(url, offset, DATA[offset:]).status == 204
    stored = tus.request("GET", url).body
    assert hashlib.sha256(stored).digest() == hashlib.sha256(DATA).digest()
    assert "Traceback" not in server.log
