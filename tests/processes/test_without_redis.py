"""What is answered while Redis is away: nothing that makes a client start over, and all in time."""

import queue
import threading
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from support import tus
from support.programs import Deployment, deployment, eventually
from support.redis_servers import AOF, RedisServer, running_redis

WAIT = 1.0
LATE = 4.0
"""Seconds that an answer may take beyond that: the queue's two, and a busy machine's."""

WAITERS = 100
AT_ONCE = 130


@dataclass(frozen=True, slots=True)
class House:
    service: Deployment
    redis: RedisServer
    url: str

    @property
    def events(self) -> str:
        root, _, id = self.url.rpartition("/files/")
        return f"{root}/uploads/events?ids={id}"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Generator[House]:
    """An upload with three of its ten bytes."""
    folder = tmp_path_factory.mktemp("house")
    with running_redis(folder / "redis", *AOF) as redis:
        settings = {
            "types": "*",
            "records_wait": WAIT,
            "redis_waiters": WAITERS,
            "events_beat": 1,
        }
        with deployment(folder / "data", redis.url, **settings) as service:
            service.web()
            url = tus.created(service.files, 10)
            assert tus.patch(url, 0, b"012").status == 204
            yield House(service, redis, url)


@pytest.fixture
def away(house: House) -> Generator[House]:
    house.redis.stop()
    yield house
    house.redis.start()
    eventually(lambda: tus.request("GET", f"{house.service.url}/readyz").status == 200)


def test_every_request_is_answered_in_time_and_none_makes_a_client_start_over(away: House) -> None:
    url, root = away.url, away.service.url
    asked = {
        "HEAD": lambda: tus.head(url),
        "PATCH": lambda: tus.patch(url, 3, b"3456789"),
        "POST": lambda: tus.create(away.service.files, 10),
        "POST with bytes": lambda: tus.create(away.service.files, 3, body=b"012"),
        "DELETE": lambda: tus.delete(url),
        "download": lambda: tus.request("GET", url),
        "status": lambda: tus.request("GET", tus.status_url(url)),
        "readyz": lambda: tus.request("GET", f"{root}/readyz"),
    }
    with ThreadPoolExecutor(len(asked)) as threads:
        began = time.monotonic()
        answers = {name: threads.submit(ask) for name, ask in asked.items()}
        assert tus.request("GET", f"{root}/healthz").status == 200
        statuses = {name: answer.result().status for name, answer in answers.items()}
        seconds = time.monotonic() - began
    assert statuses.pop("HEAD") == 423
    assert set(statuses.values()) == {503}, statuses
    assert seconds < WAIT + LATE
    for name, answer in answers.items():
        told = answer.result()
        assert b"records-unavailable" in told.body or name == "HEAD", (name, told)
        assert "upload-offset" not in told.headers
        assert name in ("status", "readyz") or int(told.headers["retry-after"]) > 0


def test_more_requests_than_may_wait_are_answered_at_once(away: House) -> None:
    def seconds(_: int) -> float:
        began = time.monotonic()
        assert tus.head(away.url).status == 423
        return time.monotonic() - began

    with ThreadPoolExecutor(AT_ONCE) as threads:
        took = sorted(threads.map(seconds, range(AT_ONCE)))
    assert took[AT_ONCE - WAITERS - 1] < WAIT / 2 < WAIT <= took[-1] < WAIT + LATE, took


def test_a_request_waits_for_redis_to_come_back(house: House) -> None:
    house.redis.stop()
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(tus.head, house.url)
        eventually(lambda: not asked.done())
        house.redis.start()
        assert asked.result().offset == 3


def test_an_event_stream_lives_on_and_tells_what_happened(house: House) -> None:
    heard: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()

    def listen() -> None:
        for event in tus.events(house.events):
            heard.put(event)

    listener = threading.Thread(target=listen)
    listener.start()
    assert heard.get(timeout=10)[1]["offset"] == 3
    house.redis.stop()
    time.sleep(WAIT)
    while not heard.empty():
        heard.get()
    assert heard.get(timeout=WAIT + LATE) == ("beat", {})
    house.redis.start()
    assert tus.patch(house.url, 3, b"34").status == 204
    while heard.get(timeout=10)[1].get("offset") != 5:
        pass
    assert tus.delete(house.url).status == 204
    listener.join(10)
    assert not listener.is_alive()
    assert "Traceback" not in house.service.programs[0].log
