"""Many phones at once: each uploads one file at the pace of its line, and never gives up."""

import asyncio
import secrets
from collections import Counter
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field

from support.servers import HOST

PATIENCE = 5.0
"""Seconds without any sign of life after which a phone tries a new connection."""

PAUSE = 0.25
"""Seconds between two attempts."""

PIECE = 8192


class Gone(Exception):
    """The server does not know the upload any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    headers: Mapping[str, str]

    @property
    def offset(self) -> int:
        return int(self.headers["upload-offset"])


@dataclass(slots=True)
class Phone:
    """Uploads `data` with `rate` bytes a second. `acked` is the highest offset that it was told;
    `fallen` are offsets that it was told and that were lower."""

    port: int
    data: bytes
    rate: float
    path: str = ""
    acked: int = 0
    sent: int = 0
    fallen: list[tuple[int, int]] = field(default_factory=list)
    met: Counter[str] = field(default_factory=Counter)
    _key: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    _writer: asyncio.StreamWriter | None = None

    @property
    def id(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def done(self) -> bool:
        return self.acked == len(self.data)

    def reconnect(self) -> None:
        """The connection breaks."""
        if self._writer is not None:
            self._writer.transport.abort()

    async def run(self) -> None:
        """Until every byte is acknowledged. Raises Gone."""
        self.path = await self._create()
        while not self.done:
            await self._attempt(self._patch())
            if not self.done:
                await self._ask()

    async def _create(self) -> str:
        headers = {"Upload-Length": str(len(self.data)), "Idempotency-Key": self._key}
        while True:
            answer = await self._attempt(self._request("POST", "/files", headers))
            if answer is not None and answer.status == 201:
                return "/files/" + answer.headers["location"].rpartition("/")[2]
            await asyncio.sleep(PAUSE)

    async def _ask(self) -> None:
        """HEAD until there is an answer that tells where to go on."""
        while True:
            answer = await self._attempt(self._request("HEAD", self.path, {}))
            if answer is not None and answer.status == 200:
                return self._told(answer.offset)
            if answer is not None and answer.status in (404, 410):
                raise Gone(f"{answer.status} for {self.path} at {self.acked}")
            await asyncio.sleep(PAUSE)

    def _told(self, offset: int) -> None:
        if offset < self.acked:
            self.fallen.append((self.acked, offset))
        self.acked = offset

    async def _attempt(self, work: Awaitable[Answer]) -> Answer | None:
        """The answer, or None where the line breaks."""
        try:
            answer = await work
        except (OSError, EOFError, TimeoutError) as error:
            self.met[type(error).__name__] += 1
            return None
        self.met[str(answer.status)] += 1
        return answer

    async def _patch(self) -> Answer:
        """Everything from the offset on, until the server answers."""
        headers = {
            "Upload-Offset": str(self.acked),
            "Content-Type": "application/offset+octet-stream",
            "Content-Length": str(len(self.data) - self.acked),
        }
        reader, writer = await self._open("PATCH", self.path, headers)
        answering = asyncio.create_task(_read(reader))
        try:
            await self._send(writer, answering)
            async with asyncio.timeout(6 * PATIENCE):
                answer = await answering
        finally:
            answering.cancel()
            writer.transport.abort()
        if answer.status == 204:
            self._told(answer.offset)
        return answer

    async def _send(self, writer: asyncio.StreamWriter, answering: "asyncio.Task[Answer]") -> None:
        for at in range(self.acked, len(self.data), PIECE):
            piece = self.data[at : at + PIECE]
            writer.write(piece)
            self.sent += len(piece)
            async with asyncio.timeout(PATIENCE):
                await writer.drain()
            done, _ = await asyncio.wait({answering}, timeout=len(piece) / self.rate)
            if done:
                return

    async def _request(self, method: str, path: str, headers: Mapping[str, str]) -> Answer:
        reader, writer = await self._open(method, path, headers)
        try:
            async with asyncio.timeout(4 * PATIENCE):
                return await _read(reader)
        finally:
            writer.transport.abort()

    async def _open(
        self, method: str, path: str, headers: Mapping[str, str]
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        async with asyncio.timeout(PATIENCE):
            reader, self._writer = await asyncio.open_connection(HOST, self.port)
        lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}:{self.port}", "Tus-Resumable: 1.0.0"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self._writer.write("\r\n".join([*lines, "", ""]).encode())
        return reader, self._writer


async def _read(reader: asyncio.StreamReader) -> Answer:
    """The head of an answer: its body does not matter here."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    pairs = (line.partition(": ") for line in head[1:] if line)
    return Answer(
        status=int(head[0].split()[1]),
        headers={name.lower(): value for name, _, value in pairs},
    )
