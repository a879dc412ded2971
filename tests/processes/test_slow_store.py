"""A bucket that is slow, or away: stops are in time all the same, and clients carry on."""

import time
from contextlib import ExitStack
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from support import tus
from support.clients import TUS_JS, TUSPY
from support.line import Line
from support.moving import PIECE, Moving, bytes_read, until
from support.production import PART, production
from support.redis_servers import AOF, running_redis
from support.s3_servers import S3Server
from support.watched import watched

CLIENTS = 20
FINISHED = 3
"""Every third of them goes on to the end, for the time that it takes."""

LENGTH = 9_000_000
CONTENT = (PIECE * (LENGTH // len(PIECE) + 1))[:LENGTH]
RATE = 900_000
REAL = (TUS_JS, TUSPY.given(retries=10, retry_delay=1))

APART = 300_000
"""Bytes that each client is ahead of the one before: so some are at the end of a part."""


@pytest.mark.timeout(120)
def test_a_stop_while_the_store_takes_a_second_for_each_request_loses_no_byte_that_was_read(
    s3: S3Server, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        redis = stack.enter_context(running_redis(tmp_path / "redis", *AOF))
        running = stack.enter_context(production(tmp_path, s3, redis.url, types="*"))
        service, web = running.service, running.web
        moving = [
            Moving(
                service.files,
                stack,
                seeks=bool(n % 2),
                length=LENGTH,
                ahead=PART + (n - CLIENTS * 3 // 4) * APART,
            )
            for n in range(CLIENTS)
        ]
        running.bucket.slow(latency=1.0)
        until(lambda: max(tus.status(one.url)["offset"] for one in moving) > PART)
        code, seconds = web.stop()
        answers = [one.join() for one in moving]
        print(f"\n{CLIENTS} PATCHes moving, 1 s of latency: gunicorn ended in {seconds:.1f} s")
        assert (code, seconds < 10) == (0, True), (code, seconds)
        assert "Exception" not in web.log
        took = bytes_read(web.log)
        running.bucket.slow()
        service.web(processes=2)
        for one, answer in zip(moving, answers, strict=True):
            assert answer.status == (204 if one.seeks else 503)
            assert tus.head(one.url).offset == answer.offset == took[one.url.rpartition("/")[2]]
        for one, answer in list(zip(moving, answers, strict=True))[::FINISHED]:
            assert tus.patch(one.url, answer.offset, CONTENT[answer.offset :]).status == 204
            found = tus.request("GET", one.url).body
            assert sha256(found).digest() == sha256(CONTENT).digest()


@pytest.mark.soak
@pytest.mark.timeout(200)
@pytest.mark.parametrize("seconds", [6, 20])
def test_clients_carry_on_when_the_store_is_away(
    s3: S3Server, tmp_path: Path, seconds: float
) -> None:
    with ExitStack() as stack:
        redis = stack.enter_context(running_redis(tmp_path / "redis", *AOF))
        line = stack.enter_context(Line(s3.port))
        behind = replace(s3, endpoint=line.url)
        running = stack.enter_context(production(tmp_path, behind, redis.url))
        port = running.service.port
        moving = stack.enter_context(watched(REAL, port, tmp_path, size=LENGTH, rate=RATE))
        running.service.worker()
        for one in moving:
            one.until_offset(LENGTH // 4)
        line.refuse()
        line.cut()
        time.sleep(seconds)
        line.accept()
        for one in moving:
            one.arrived()
            assert (one.sent_again(), one.fallen()) == (0, [])
