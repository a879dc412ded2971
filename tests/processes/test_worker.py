"""Workers that stop, freeze and die with jobs in their hands, and a Redis that comes and goes."""

import signal
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from support import tus
from support.deadly_worker import POISON, SLOW, program
from support.programs import Deployment, Program, deployment, eventually
from support.redis_servers import RedisServer, running_redis

ATTEMPTS = 8
NEIGHBOURS = 5
HANDED_BACK = 10.0
"""Seconds in which a job that was handed back is done: much less than until it is taken away."""


@pytest.fixture
def redis(tmp_path: Path) -> Generator[RedisServer]:
    with running_redis(tmp_path / "redis", "--appendonly", "yes") as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where jobs are told to wait."""
    made = tmp_path / "switches"
    made.mkdir()
    return made


@pytest.fixture
def service(tmp_path: Path, redis: RedisServer) -> Generator[Deployment]:
    with deployment(
        tmp_path / "data", redis.url, types="*", sweep_every=1, optimizer_attempts=ATTEMPTS
    ) as running:
        running.web()
        yield running


def held(service: Deployment, folder: Path, **settings: object) -> tuple[Program, str]:
    """A worker with a job that waits, and the job's upload."""
    (folder / "hold").touch()
    worker = service.worker(program(folder), **settings)
    url = tus.upload(service.files, SLOW)
    eventually((folder / f"begun-{worker.pid}").exists)
    return worker, url


def test_a_file_that_kills_its_worker_ends_failed_and_its_neighbours_are_ready(
    service: Deployment, folder: Path
) -> None:
    (folder / "hasty").touch()
    poison = tus.upload(service.files, POISON)
    neighbours = [tus.upload(service.files, SLOW + bytes([n])) for n in range(NEIGHBOURS)]
    deaths = 0
    while tus.status(poison)["phase"] != "failed":
        worker = service.worker(program(folder))
        deaths += not worker.says("too_many_attempts")
    assert tus.status(poison)["reason"]["code"] == "too_many_attempts"
    assert deaths == ATTEMPTS
    assert {tus.outcome(url)["phase"] for url in neighbours} == {"ready"}


def test_a_worker_that_was_frozen_does_not_publish_what_another_has_done(
    service: Deployment, folder: Path
) -> None:
    (folder / "hasty").touch()
    frozen, url = held(service, folder)
    frozen.send(signal.SIGSTOP)
    other = service.worker(program(folder))
    eventually((folder / f"begun-{other.pid}").exists)
    (folder / "hold").unlink()
    done = tus.outcome(url)
    assert done["phase"] == "ready"
    frozen.send(signal.SIGCONT)
    frozen.until("job.dropped")
    assert tus.status(url) == done
    assert frozen.stop()[0] == 0


def test_a_worker_ends_its_job_before_it_stops(service: Deployment, folder: Path) -> None:
    worker, url = held(service, folder)
    worker.send(signal.SIGTERM)
    worker.until("tusline worker stops")
    (folder / "hold").unlink()
    assert worker.ended() == 0
    assert tus.status(url)["phase"] == "ready"


def test_a_job_that_takes_longer_than_the_drain_is_done_by_another_worker_at_once(
    service: Deployment, folder: Path
) -> None:
    worker, url = held(service, folder, worker_drain=0.3)
    code, seconds = worker.stop()
    assert (code, seconds < 4) == (0, True), (code, seconds)
    assert "jobs.handed_back" in worker.log
    (folder / "hold").unlink()
    service.worker()
    eventually(lambda: tus.status(url)["phase"] == "ready", HANDED_BACK)


def test_a_second_signal_ends_a_worker_at_once(service: Deployment, folder: Path) -> None:
    worker, _ = held(service, folder)
    worker.send(signal.SIGTERM)
    worker.until("tusline worker stops")
    code, seconds = worker.stop()
    assert (code, seconds < 2) == (128 + signal.SIGTERM, True), (code, seconds)


@pytest.mark.parametrize("away", [0.0, 2.0])
def test_a_job_ends_once_when_redis_dies_meanwhile(
    service: Deployment, folder: Path, redis: RedisServer, away: float
) -> None:
    worker, url = held(service, folder)
    redis.kill()
    if away:  # the job ends while nobody can be told
        (folder / "hold").unlink()
        assert not worker.says("job.done", seconds=away)
    redis.start()
    (folder / "hold").unlink(missing_ok=True)
    assert tus.outcome(url)["phase"] == "ready"
    assert worker.stop()[0] == 0


def test_a_worker_lives_through_a_redis_that_refuses_to_write(
    service: Deployment, folder: Path, redis: RedisServer
) -> None:
    worker, url = held(service, folder)
    redis.call("CONFIG", "SET", "min-replicas-to-write", "1")
    (folder / "hold").unlink()
    assert not worker.says("job.done", seconds=2)
    redis.call("CONFIG", "SET", "min-replicas-to-write", "0")
    assert tus.outcome(url)["phase"] == "ready"
    later = tus.upload(service.files, SLOW + b"another")
    assert tus.outcome(later)["phase"] == "ready"
    assert worker.stop()[0] == 0


def test_a_worker_without_redis_is_told_what_it_lacks(tmp_path: Path) -> None:
    command = (sys.executable, "-m", "tusline", "worker", "--data", str(tmp_path / "data"))
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 2
    assert "REDIS_URL" in done.stderr
