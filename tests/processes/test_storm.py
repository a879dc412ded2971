"""Uploads under every fault at once: each byte arrives, none that was acknowledged is lost."""

import asyncio
import os
import random
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path

import pytest

from support import photos, tus
from support.line import Line
from support.phones import Phone
from support.programs import Deployment, Program, deployment
from support.redis_servers import running_redis
from support.s3_proxy import S3Proxy
from support.s3_servers import REGION, S3Server
from support.storm import Storm

SEED = int(os.environ.get("SEED") or random.randrange(10**6))
PART = 5 * 1024 * 1024


async def storm_over(
    s3: S3Server, folder: Path, *, uploads: int, size: int, rate: float, faults: int, late: int
) -> Storm:
    """The storm when it is over, and everything has been looked at."""
    choice = random.Random(SEED)
    with ExitStack() as stack:
        redis = stack.enter_context(running_redis(folder / "redis", "--appendonly", "yes"))
        line = stack.enter_context(Line(redis.port))
        bucket = stack.enter_context(S3Proxy(s3.port))
        settings = {
            "store": "s3",
            "s3_bucket": s3.make_bucket(),
            "s3_endpoint": bucket.endpoint,
            "s3_region": REGION,
            "part_size": PART,
            "max_size": 2 * size,
            "segment_seconds": 1,
            "lease_wait": 1,
        }
        service = stack.enter_context(
            deployment(folder / "data", f"redis://127.0.0.1:{line.port}", **settings)
        )
        web, worker = service.web(processes=2), service.worker()
        phones = [
            Phone(port=service.port, data=_photo(seed, size, choice), rate=rate)
            for seed in range(uploads)
        ]
        storm = Storm(
            choice=choice,
            phones=phones,
            web=web,
            redis=redis,
            line=line,
            bucket=bucket,
            most=faults,
            late=late,
        )
        uploading = asyncio.gather(*(phone.run() for phone in phones))
        await storm.run()
        bucket.heal()
        await uploading
        await asyncio.to_thread(_look_at, service, phones, worker)
    return storm


def _photo(seed: int, size: int, choice: random.Random) -> bytes:
    """A photo with a tail of its own: large, and quick to decode."""
    small = photos.jpeg(seed, size=(320, 240))
    return small + choice.randbytes(size - len(small))


def _look_at(service: Deployment, phones: Sequence[Phone], worker: Program) -> None:
    for phone in phones:
        url = f"{service.url}{phone.path}"
        assert phone.fallen == [], f"SEED={SEED}: offsets of {phone.id} fell: {phone.fallen}"
        ended = tus.outcome(url)
        assert ended["phase"] == "ready", (SEED, phone.id, ended)
        found = tus.request("GET", url).body
        assert sha256(found).digest() == sha256(phone.data).digest(), (SEED, phone.id)


def table(storm: Storm) -> str:
    lines = [f"{count:5}  {name}" for name, count in sorted(storm.played.items())]
    met = sum((phone.met for phone in storm.phones), Counter[str]())
    sent = sum(phone.sent for phone in storm.phones)
    size = sum(len(phone.data) for phone in storm.phones)
    return "\n".join(
        [
            f"\nseed {SEED}: {len(storm.phones)} uploads, {sum(storm.played.values())} faults",
            *lines,
            f"bytes sent: {sent / size:.3f} times those of the files; answers: {dict(met)}",
        ]
    )


@pytest.mark.timeout(120)
async def test_uploads_survive_a_short_storm(s3: S3Server, tmp_path: Path) -> None:
    storm = await storm_over(
        s3, tmp_path, uploads=6, size=6_000_000, rate=400_000, faults=12, late=1
    )
    assert storm.played


@pytest.mark.soak
@pytest.mark.timeout(1800)
async def test_two_hundred_faults_over_fifty_uploads(s3: S3Server, tmp_path: Path) -> None:
    storm = await storm_over(
        s3, tmp_path, uploads=50, size=12_000_000, rate=40_000, faults=200, late=20
    )
    print(table(storm))
    assert sum(storm.played.values()) >= 200
    assert storm.played["late part"] >= 20
