"""What many slow uploads cost a web process that stores in S3: its memory, while they all run.

UPLOADS phones send RATE bytes a second each to one gunicorn process, and the S3 API answers each
request after LATENCY seconds, until every phone has sent BYTES. The requests end at the deadline,
as on Heroku, and the phones go on. Memory is the web process's PSS, read twice a second.
"""

import asyncio
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from pss import pss
from support.phones import Phone
from support.programs import deployment
from support.redis_servers import running_redis
from support.s3_proxy import S3Proxy
from support.s3_servers import REGION, moto_server

UPLOADS = int(os.environ.get("UPLOADS", 500))
RATE = int(os.environ.get("RATE", 50_000))
BYTES = int(os.environ.get("BYTES", 12_000_000))
LATENCY = float(os.environ.get("LATENCY", 0.1))
MIB = 1024 * 1024


@dataclass(slots=True)
class Peak:
    """The most that was seen, in bytes."""

    idle: int = 0
    most: int = 0


@contextmanager
def watched(process: int) -> Iterator[Peak]:
    peak, over = Peak(idle=pss(process)), threading.Event()

    def watch() -> None:
        while not over.wait(0.5):
            peak.most = max(peak.most, pss(process))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()


def main() -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        backend = stack.enter_context(moto_server())
        os.environ.update(backend.credentials)
        proxy = stack.enter_context(S3Proxy(backend.port))
        proxy.slow(latency=LATENCY)
        redis = stack.enter_context(running_redis(folder / "redis", "--appendonly", "yes"))
        service = stack.enter_context(
            deployment(
                folder / "data",
                redis.url,
                store="s3",
                s3_bucket=backend.make_bucket(),
                s3_endpoint=proxy.endpoint,
                s3_region=REGION,
                types="*",
                max_size=2 * BYTES,
                queue_limit=10 * UPLOADS,
            )
        )
        web = service.web(processes=1)
        (process,) = web.children
        data = os.urandom(BYTES)
        phones = [Phone(port=service.port, data=data, rate=RATE) for _ in range(UPLOADS)]
        began = time.monotonic()
        with watched(process) as peak:
            asyncio.run(all_of(phones))
        seconds = time.monotonic() - began
        report(phones, proxy, peak, seconds)


async def all_of(phones: list[Phone]) -> None:
    await asyncio.gather(*(phone.run() for phone in phones))


def report(phones: list[Phone], proxy: S3Proxy, peak: Peak, seconds: float) -> None:
    sent = sum(phone.sent for phone in phones)
    fallen = sum(len(phone.fallen) for phone in phones)
    print(
        f"{len(phones)} uploads of {BYTES / 1e6:g} MB at {RATE / 1000:g} kB/s, S3 answers after "
        f"{LATENCY:g} s: {seconds:.0f} s (alone on such a line: {BYTES / RATE:.0f} s)\n"
        f"  web process: {peak.idle / MIB:.0f} MiB idle, {peak.most / MIB:.0f} MiB at most\n"
        f"  sent {sent / len(phones) / BYTES:.3f} times the files' bytes, offsets that fell: {fallen}\n"
        f"  requests to S3: {len(proxy.calls)}, "
        + ", ".join(f"{count} {name}" for name, count in proxy.counts().most_common(4))
    )


if __name__ == "__main__":
    main()
