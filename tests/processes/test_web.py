"""Several web processes under gunicorn, and a worker: one service, which stops and dies well."""

import os
import signal
from collections.abc import Generator
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path

import pytest

from support import photos, tus
from support.deadly_worker import program
from support.moving import Moving, bytes_read, until
from support.programs import Deployment, deployment, eventually
from support.redis_servers import RedisServer, running_redis

CLIENTS = 20
CONTENT = b"0123456789abcdef" * 65536
HALF = len(CONTENT) // 2


@pytest.fixture
def redis(tmp_path: Path) -> Generator[RedisServer]:
    with running_redis(tmp_path / "redis", "--appendonly", "yes") as server:
        yield server


@pytest.fixture
def service(tmp_path: Path, redis: RedisServer) -> Generator[Deployment]:
    with deployment(tmp_path / "data", redis.url, types="*", lease_wait=0.5) as running:
        yield running


def test_a_photo_sent_to_whichever_process_is_optimized_by_a_worker(service: Deployment) -> None:
    service.web(processes=2)
    worker = service.worker()
    urls = [tus.upload(service.files, photos.jpeg(seed)) for seed in range(4)]
    assert {tus.outcome(url)["phase"] for url in urls} == {"ready"}
    assert worker.log.count("job.done") == len(urls)
    ready = tus.request("GET", f"{service.url}/readyz").json()
    assert (ready["ready"], ready["workers"]) == (True, 1)


def test_a_stop_of_all_web_processes_under_moving_uploads_loses_no_byte_that_was_read(
    service: Deployment,
) -> None:
    web = service.web(processes=2)
    with ExitStack() as stack:
        moving = [Moving(service.files, stack, seeks=bool(n % 2)) for n in range(CLIENTS)]
        until(lambda: all(tus.status(one.url)["offset"] > 100_000 for one in moving))
        code, seconds = web.stop()
        answers = [one.join() for one in moving]
    assert (code, seconds < 10) == (0, True), (code, seconds)
    for one, answer in zip(moving, answers, strict=True):
        assert answer.status == (204 if one.seeks else 503)
    took = bytes_read(web.log)
    service.web(processes=2)
    for one, answer in zip(moving, answers, strict=True):
        id = one.url.rpartition("/")[2]
        assert tus.head(one.url).offset == answer.offset == took[id] > 100_000


def test_a_web_process_that_is_killed_takes_no_acknowledged_byte_with_it(
    service: Deployment,
) -> None:
    web = service.web(processes=2)
    urls = [tus.created(service.files, len(CONTENT)) for _ in range(2)]
    with ExitStack() as stack:
        for url in urls:
            line = stack.enter_context(tus.open_patch(url, 0, len(CONTENT)))
            line.sendall(CONTENT[:HALF])
        until(lambda: all(tus.status(url)["offset"] == HALF for url in urls))
        for pid in web.children:
            os.kill(pid, signal.SIGKILL)
        web.until(r"web\.ready", times=4)
    for url in urls:
        assert tus.head(url).offset == HALF
        assert tus.patch(url, HALF, CONTENT[HALF:]).status == 204
        assert sha256(tus.request("GET", url).body).digest() == sha256(CONTENT).digest()


def test_a_server_waits_for_redis_at_its_start(service: Deployment, redis: RedisServer) -> None:
    redis.kill()
    service.web(processes=2)
    assert tus.request("GET", f"{service.url}/healthz").status == 200
    redis.start()
    eventually(lambda: tus.create(service.files, 5).status == 201)


def test_connections_to_redis_are_few_and_come_back_to_as_few(
    service: Deployment, redis: RedisServer, tmp_path: Path
) -> None:
    (tmp_path / "hasty").touch()  # a job that is taken in vain, over a dead connection, comes back

    def connections() -> int:
        clients = redis.call("CLIENT", "LIST")
        assert isinstance(clients, bytes)
        return len(clients.splitlines()) - 1

    service.web(processes=2)
    worker = service.worker(program(tmp_path))
    for seed in range(4):
        assert tus.outcome(tus.upload(service.files, photos.jpeg(seed)))["phase"] == "ready"
    most = 2 * 4 + 5 + 4 * 2  # of each web process, of the worker at rest, of its images
    assert connections() <= most
    for _ in range(3):
        redis.kill()
        redis.start()
        eventually(lambda: tus.create(service.files, 5).status == 201)
    assert tus.outcome(tus.upload(service.files, photos.jpeg(9)))["phase"] == "ready"
    assert connections() <= most  # each outage would leave some, if they leaked
    assert worker.stop()[0] == 0
