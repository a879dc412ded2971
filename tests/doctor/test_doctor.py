"""`tusline doctor` on real servers: what it finds, and that each fault has a way out."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from pydantic import SecretStr

from support.redis_servers import RedisServer, running_redis
from support.s3_fixtures import s3_bucket
from support.s3_servers import S3Server
from support.servers import FOREIGN, free_port
from tusline import Settings
from tusline.cli.doctor import doctor
from tusline.doctor.bucket import bucket
from tusline.doctor.findings import Level

__all__ = ["s3_bucket"]


@pytest.fixture(autouse=True)
def _nothing_from_the_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(FOREIGN):
            monkeypatch.delenv(name)


def examined(tmp_path: Path, **variables: str) -> tuple[int, list[dict[str, str]]]:
    """Exit code, and the findings that are not well."""
    given = {"TUSLINE_DATA": str(tmp_path / "data")} | variables
    done = CliRunner().invoke(doctor, ["--json"], env=given)
    findings = json.loads(done.stdout)
    bad = [finding for finding in findings if finding["level"] != "ok"]
    assert all(finding["way_out"] for finding in bad)
    return done.exit_code, bad


def faults(bad: list[dict[str, str]]) -> list[str]:
    return [finding["part"] for finding in bad if finding["level"] == "fault"]


def test_the_embedded_default_is_well(tmp_path: Path) -> None:
    assert examined(tmp_path) == (0, [])


@pytest.mark.parametrize(
    ("variables", "part"),
    [
        ({"TUSLINE_NOT_THERE": "1"}, "settings"),
        ({"TUSLINE_TYPES": "no/type"}, "settings"),
        ({"WEB_CONCURRENCY": "2"}, "settings"),
        ({"TUSLINE_STORE": "s3", "TUSLINE_S3_BUCKET": "uploads"}, "settings"),
        ({"TUSLINE_DATA": "/proc/nowhere"}, "data folder"),
        ({"TUSLINE_MIN_FREE": str(2**60)}, "data folder"),
    ],
)
def test_what_cannot_work_is_a_fault(tmp_path: Path, variables: dict[str, str], part: str) -> None:
    code, bad = examined(tmp_path, **variables)
    assert (code, faults(bad)) == (1, [part])


def test_a_redis_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    code, bad = examined(tmp_path, REDIS_URL=f"redis://127.0.0.1:{free_port()}")
    assert (code, faults(bad)) == (1, ["redis", "workers"])


def test_a_redis_that_would_lose_records_is_told_of(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    code, bad = examined(tmp_path, REDIS_URL=redis_server.url)
    assert (code, faults(bad)) == (0, [])
    assert any("append-only" in finding["says"] for finding in bad)
    assert any("tusline worker" in finding["way_out"] for finding in bad)


def test_a_redis_that_throws_records_away_is_a_fault(tmp_path: Path) -> None:
    with running_redis(tmp_path / "redis", "--maxmemory-policy", "allkeys-lru") as server:
        code, bad = examined(tmp_path, REDIS_URL=server.url)
    assert (code, faults(bad)) == (1, ["redis"])
    assert any("noeviction" in finding["way_out"] for finding in bad)


def in_a_bucket(s3: S3Server, name: str, **more: Any) -> Settings:
    return Settings(
        redis_url=SecretStr("redis://127.0.0.1"),
        store="s3",
        s3_bucket=name,
        s3_endpoint=s3.endpoint,
        s3_region="us-east-1",
        **more,
    )


async def test_a_bucket_that_takes_uploads_is_well_but_for_its_rules(
    s3: S3Server, s3_bucket: str
) -> None:
    found = await bucket(in_a_bucket(s3, s3_bucket, s3_prefix="photos/"))
    assert [finding.level for finding in found] == [Level.OK, Level.WARNING]
    assert "multipart" in found[1].says


async def test_a_bucket_that_is_not_there_is_a_fault(s3: S3Server, s3_bucket: str) -> None:
    found = await bucket(in_a_bucket(s3, f"{s3_bucket}-not"))
    assert [finding.level for finding in found] == [Level.FAULT]


def test_the_words_are_for_people_too(tmp_path: Path) -> None:
    given = {
        "REDIS_URL": f"redis://127.0.0.1:{free_port()}",
        "TUSLINE_DATA": str(tmp_path / "data"),
    }
    done = CliRunner().invoke(doctor, env=given)
    assert done.exit_code == 1
    assert "fault    redis: 127.0.0.1" in done.stdout
    assert "→ mend REDIS_URL" in done.stdout
