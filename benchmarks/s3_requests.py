"""What an upload in small PATCHes costs in requests to S3, each PATCH to another process.

Two processes that share nothing but Redis and a bucket take the PATCHes of one upload in turn, and
a proxy before the S3 API counts. Right after the last answer but one the process that gave it is
killed with -9 and its disk deleted; the other one finishes.

Beside it @tus/server with its S3 store, one process, when its packages are there:
`npm install --prefix benchmarks/peers`.
"""

import http.client
import os
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from email.message import Message
from hashlib import sha256
from pathlib import Path
from typing import Any

from support.redis_servers import RedisServer
from support.s3_messages import Call
from support.s3_proxy import S3Proxy
from support.s3_servers import REGION, moto_server
from support.servers import HOST, Server, ServerFailed, free_port

MIB = 1024 * 1024
SIZE = int(os.environ.get("SIZE", 100 * MIB))
CHUNK = 256 * 1024
PEERS = Path(__file__).parent / "peers"


class Deployment:
    """Two processes, with a disk each."""

    def __init__(self, stack: ExitStack, folder: Path, **settings: Any) -> None:
        backend = stack.enter_context(moto_server())
        os.environ.update(backend.credentials)
        self.proxy = stack.enter_context(S3Proxy(backend.port))
        redis = RedisServer(folder / "redis", "--appendonly", "yes")
        redis.start()
        stack.callback(redis.kill)
        shared: dict[str, Any] = {
            "redis_url": redis.url,
            "store": "s3",
            "s3_bucket": backend.make_bucket(),
            "s3_endpoint": self.proxy.endpoint,
            "s3_region": REGION,
            "types": "*",
            "max_size": 2 * SIZE,
        }
        self.servers = [Server(folder / name, **shared, **settings) for name in ("one", "two")]
        for server in self.servers:
            server.start()
            stack.callback(_end, server)


def _end(server: Server) -> None:
    with suppress(ServerFailed):
        server.kill()


def main() -> None:
    print(f"{SIZE / MIB:.0f} MiB in PATCHes of {CHUNK // 1024} KiB, to two processes in turn")
    for tail in os.environ.get("TAILS", "segments redis").split():
        with ExitStack() as stack, tempfile.TemporaryDirectory() as name:
            report(tail, stack, Path(name))
    if (PEERS / "node_modules").exists():
        with ExitStack() as stack:
            report_peer(stack)


def report(tail: str, stack: ExitStack, folder: Path) -> None:
    deployment = Deployment(stack, folder, tail=tail)
    proxy, data = deployment.proxy, os.urandom(SIZE)
    proxy.calls.clear()
    began, times = time.monotonic(), []
    path = create(deployment.servers[0].port)
    for number, start in enumerate(range(0, SIZE - CHUNK, CHUNK)):
        sent = time.monotonic()
        patch(deployment.servers[number % 2].port, path, start, data[start : start + CHUNK])
        times.append(time.monotonic() - sent)
    killed = deployment.servers[number % 2]
    (other,) = (server for server in deployment.servers if server is not killed)
    killed.kill()
    shutil.rmtree(killed.data)
    told = head(other.port, path)
    assert told == SIZE - CHUNK, f"acknowledged {SIZE - CHUNK}, told {told}"
    patch(other.port, path, told, data[told:])
    seconds = time.monotonic() - began
    calls = list(proxy.calls)
    found = sha256(download(other.port, path)).hexdigest()
    assert found == sha256(data).hexdigest(), "other bytes than were sent"
    times.sort()
    print(
        f"\nTUSLINE_TAIL={tail}: {len(calls)} requests, {up(calls):.0f} MiB up, "
        f"{seconds:.1f} s, PATCH p50 {times[len(times) // 2] * 1000:.0f} ms, "
        f"p99 {times[len(times) * 99 // 100] * 1000:.0f} ms; one process killed with -9 and its "
        f"disk deleted: offset {told} as acknowledged, SHA-256 equal"
    )
    print(_counts(calls))


def report_peer(stack: ExitStack) -> None:
    """The same PATCHes to @tus/server; it is not killed."""
    backend = stack.enter_context(moto_server())
    os.environ.update(backend.credentials)
    proxy, data = stack.enter_context(S3Proxy(backend.port)), os.urandom(SIZE)
    port = free_port()
    command = ["node", str(PEERS / "tus-node.mjs"), str(port), proxy.endpoint]
    process = subprocess.Popen(
        [*command, backend.make_bucket(), REGION], stdout=subprocess.PIPE, text=True
    )
    stack.callback(process.wait)
    stack.callback(process.kill)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "ready"
    began = time.monotonic()
    path = create(port)
    for start in range(0, SIZE, CHUNK):
        patch(port, path, start, data[start : start + CHUNK])
    seconds, calls = time.monotonic() - began, list(proxy.calls)
    print(
        f"\n@tus/server, @tus/s3-store: {len(calls)} requests, {up(calls):.0f} MiB up, "
        f"{seconds:.1f} s"
    )
    print(_counts(calls))


def _counts(calls: list[Call]) -> str:
    counts = Counter(call.operation for call in calls)
    return "  " + ", ".join(f"{count} {name}" for name, count in counts.most_common())


def up(calls: list[Call]) -> float:
    """MiB of request bodies."""
    return sum(call.sent for call in calls) / MIB


def create(port: int) -> str:
    answer = request(port, "POST", "/files", {"Upload-Length": str(SIZE)})
    return answer.headers["Location"].removeprefix(f"http://{HOST}:{port}")


def patch(port: int, path: str, offset: int, data: bytes) -> None:
    headers = {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
    answer = request(port, "PATCH", path, headers, data)
    assert answer.status == 204, f"{answer.status} at {offset}"


def head(port: int, path: str) -> int:
    return int(request(port, "HEAD", path, {}).headers["Upload-Offset"])


def download(port: int, path: str) -> bytes:
    return request(port, "GET", path, {}).data


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    headers: Message
    data: bytes


def request(
    port: int, method: str, path: str, headers: dict[str, str], data: bytes | None = None
) -> Answer:
    connection = http.client.HTTPConnection(HOST, port, timeout=60)
    try:
        connection.request(method, path, data, {"Tus-Resumable": "1.0.0", **headers})
        answer = connection.getresponse()
        return Answer(status=answer.status, headers=answer.headers, data=answer.read())
    finally:
        connection.close()


if __name__ == "__main__":
    main()
