"""A real S3 API for tests: moto's server as a process of its own, or one that the environment
names (S3_TEST_ENDPOINT, with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; see `make test-swift`).

What moto 5.2 does otherwise than S3: it takes every key, signature and Content-MD5; UploadPart and
CompleteMultipartUpload of an upload that was aborted are 500 and not NoSuchUpload; ListParts takes
its marker for an index, so that pages of numbers with gaps lack some; ListMultipartUploads has one
page, and all are of 2010; a range of UploadPartCopy may lie beyond the source. It does refuse parts
that are too small, wrong ETags and parts that are not there.
What Swift 2.30 does: a part that comes after the end of its upload is taken, and lies about; no
If-None-Match for PUT; DeleteObjects takes about 15 ms for each key.
"""

import os
import re
import secrets
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

from tusline.storage.s3.values import BucketOptions

ENDPOINT = "S3_TEST_ENDPOINT"
REGION = "us-east-1"
KEY_ID, SECRET = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"
ANYTHING = {KEY_ID: "test", SECRET: "testing"}
"""moto takes every key."""

READY = re.compile(r"Running on (http://\S+)")
START_SECONDS = 30.0

PART = 64
"""Bytes that a part must have here: tests make many of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Server:
    """Where an S3 API is, and with what credentials (as variables). `simulated`: it is moto."""

    endpoint: str
    credentials: dict[str, str]
    simulated: bool

    @property
    def port(self) -> int:
        return int(self.endpoint.rpartition(":")[2])

    def make_bucket(self) -> str:
        """A new bucket: its name."""
        import boto3

        name = f"test-{secrets.token_hex(8)}"
        client = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=self.credentials[KEY_ID],
            aws_secret_access_key=self.credentials[SECRET],
        )
        client.create_bucket(Bucket=name)
        client.close()
        return name

    def options(self, bucket: str, **changed: Any) -> BucketOptions:
        """How to reach a bucket here, directly unless `endpoint` is another."""
        given: dict[str, Any] = {"bucket": bucket, "endpoint": self.endpoint, "region": REGION}
        return BucketOptions(**given | changed)


@contextmanager
def s3_server() -> Generator[S3Server]:
    """The server that the environment names, or moto's, running while the block does."""
    endpoint = os.environ.get(ENDPOINT)
    if endpoint:
        credentials = {name: os.environ[name] for name in (KEY_ID, SECRET)}
        yield S3Server(endpoint=endpoint, credentials=credentials, simulated=False)
        return
    with moto_server() as server:
        yield server


@contextmanager
def moto_server() -> Generator[S3Server]:
    """moto's server on a port of its own. What it holds is in its memory."""
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", "0"],
        env=os.environ | {"S3_UPLOAD_PART_MIN_SIZE": str(PART)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    found: SimpleQueue[str] = SimpleQueue()
    reader = threading.Thread(target=_read, args=(process, found), name="moto", daemon=True)
    reader.start()
    try:
        endpoint = found.get(timeout=START_SECONDS)
        yield S3Server(endpoint=endpoint, credentials=ANYTHING, simulated=True)
    except Empty:
        raise AssertionError("moto's server did not start") from None
    finally:
        process.kill()
        process.wait()
        reader.join()
        if process.stderr is not None:
            process.stderr.close()


def _read(process: subprocess.Popen[str], found: SimpleQueue[str]) -> None:
    """Tell where it listens, and take all that it logs: a full pipe would stop it."""
    for line in process.stderr or ():
        if said := READY.search(line):
            found.put(said[1])
