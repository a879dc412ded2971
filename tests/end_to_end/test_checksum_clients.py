"""The one client that sends checksums, tuspy, on a line that damages what it carries."""

import hashlib
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from support import tus
from support.line import Line
from support.servers import Server, running_server

DATA = hashlib.shake_128(b"clients").digest(1_000_000)
CHUNK = 300_000
OPTIONS = f"chunk_size={CHUNK}, retries=2, retry_delay=0, upload_checksum=True"

SYNC = f"""
import sys
from tusclient.client import TusClient
uploader = TusClient(sys.argv[1]).uploader(sys.argv[2], {OPTIONS})
uploader.upload()
print(uploader.url)
"""
ASYNC = f"""
import asyncio, sys
from tusclient.client import TusClient
uploader = TusClient(sys.argv[1]).async_uploader(sys.argv[2], {OPTIONS})
asyncio.run(uploader.upload())
print(uploader.url)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    with running_server(tmp_path_factory.mktemp("checksums"), types="*") as running:
        yield running


@pytest.mark.parametrize("damaged", [False, True])
@pytest.mark.parametrize("script", [SYNC, ASYNC], ids=["sync", "async"])
def test_tuspy_sends_again_what_was_damaged_on_the_way(
    server: Server, tmp_path: Path, script: str, damaged: bool
) -> None:
    path = tmp_path / "file"
    path.write_bytes(DATA)
    before = server.log.count('"status": 460')
    with Line(server.port) as line:
        if damaged:
            line.flip(len(DATA) // 2)
        command = [sys.executable, "-c", script, f"{line.url}/files", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        assert line.up > len(DATA) + CHUNK * damaged
    stored = tus.request("GET", f"{server.files}/{done.stdout.strip().rpartition('/')[2]}").body
    assert hashlib.sha256(stored).digest() == hashlib.sha256(DATA).digest()
    assert server.log.count('"status": 460') == before + damaged
