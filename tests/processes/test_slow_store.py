"""A bucket that is slow, or away: stops are in time all the same, and clients carry on."""

from collections.abc import Sequence
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path

import pytest

from support import tus
from support.moving import PIECE, Moving, bytes_read, until
from support.production import PART, production
from support.redis_servers import AOF, running_redis
from support.s3_servers import S3Server

CLIENTS = 20
LENGTH = 9_000_000
AHEAD = 100_000
"""Bytes that each client is ahead of the one before it, so that each is somewhere else."""


@pytest.mark.timeout(120)
def test_a_stop_while_the_store_takes_a_second_for_each_request_loses_no_byte_that_was_read(
    s3: S3Server, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        redis = stack.enter_context(running_redis(tmp_path / "redis", *AOF))
        running = stack.enter_context(production(tmp_path, s3, redis.url, types="*"))
        files = running.service.files
        moving = [
            Moving(files, stack, seeks=bool(n % 2), length=LENGTH, ahead=PART - (15-n) * AHEAD)
            for n in range(CLIENTS)
        ]
        running.bucket.slow(latency=1.0)
        until(lambda: max(tus.status(one.url)["offset"] for one in moving) > PART)
        code, seconds = running.web.stop()
        print(f"gunicorn ended with {code} after {seconds:.2f} s")
        answers = [one.join() for one in moving]
        took = bytes_read(running.web.log)
        assert (code, seconds < 10) == (0, True), (code, seconds)
        running.service.web(processes=2)
        for one, answer in zip(moving, answers, strict=True):
            id = one.url.rpartition("/")[2]
            print(one.seeks, answer.status, answer.headers.get("upload-offset"), took.get(id), tus.head(one.url).offset)
        print(running.web.log[-5000:].replace("\\n", "\n"))
