"""Redis goes away in mid-upload, and comes back, with all of its data or not: clients carry on."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from support import tus
from support.clients import TUS_JS, TUSPY, Client
from support.failover import Pair, redis_pair
from support.production import MIB, production
from support.s3_servers import S3Server
from support.watched import Watched, watched

MORE = 300_000
"""Bytes of each upload that only the primary hears of."""

Fault = Callable[[list[Watched], Pair], None]


def away(seconds: float) -> Fault:
    """Redis is stopped, and started again with its data."""

    def play(_: list[Watched], redis: Pair) -> None:
        redis.primary.stop()
        time.sleep(seconds)
        redis.primary.start()

    return play


def flushed(_: list[Watched], redis: Pair) -> None:
    redis.primary.call("FLUSHALL")


def failed_over(moving: list[Watched], redis: Pair) -> None:
    """To a replica that knows less of each upload, and of one nothing."""
    redis.lag()
    new = tus.created(moving[0].files, MIB)
    for one in moving:
        one.until_more(MORE)
    redis.fail_over()
    assert tus.head(new).offset == 0


def carried_on(
    s3: S3Server,
    folder: Path,
    clients: Sequence[Client],
    *faults: Fault,
    size: int,
    rate: float,
    **settings: object,
) -> list[str]:
    """Uploads under the faults, one after the other: their stories. Raises AssertionError unless
    all arrive, and nothing that was acknowledged is sent again."""
    with ExitStack() as stack:
        redis = stack.enter_context(redis_pair(folder / "redis"))
        running = stack.enter_context(production(folder, s3, redis.url, **settings))
        port = running.service.port
        moving = stack.enter_context(watched(clients, port, folder, size=size, rate=rate))
        running.service.worker()
        for number, fault in enumerate(faults, 1):
            for one in moving:
                one.until_offset(number * size // (len(faults) + 2))
            fault(moving, redis)
        for one in moving:
            one.arrived()
            assert (one.sent_again(), one.fallen()) == (0, [])
        return [one.story() for one in moving]


@pytest.mark.timeout(120)
def test_clients_carry_on_when_redis_is_away_is_flushed_and_fails_over(
    s3: S3Server, tmp_path: Path
) -> None:
    """The deadline strikes as well, also while Redis is away."""
    carried_on(
        s3,
        tmp_path,
        (TUS_JS, TUSPY.given(retries=10, retry_delay=1)),
        away(4),
        flushed,
        failed_over,
        size=8 * MIB,
        rate=900_000,
        request_deadline=4,
        linger=0.5,
    )


@pytest.mark.soak
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "fault", [away(10), flushed, failed_over], ids=["away", "flushed", "failed over"]
)
def test_clients_as_they_come_carry_on(s3: S3Server, tmp_path: Path, fault: Fault) -> None:
    clients = (TUS_JS, TUSPY.given(retries=10))
    for story in carried_on(s3, tmp_path, clients, fault, size=24 * MIB, rate=500_000):
        print(story)
