"""A socket in the data folder, through which commands reach the server that holds the folder."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tusline.errors import TuslineError

Command = Callable[[], Awaitable[Mapping[str, Any]]]

LINE_BYTES = 64 * 1024
"""Longest request and answer; both are one line of JSON."""

ASK_SECONDS = 10
"""How long a command may take to come."""

ANSWER_SECONDS = 300
"""How long a command may take."""


class ControlServer:
    """Serves named commands to whoever may open the socket: the folder's owner."""

    def __init__(self, path: Path, commands: Mapping[str, Command]) -> None:
        self._path = path
        self._commands = commands
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        self._path.unlink(missing_ok=True)
        with _short(self._path) as address:
            self._server = await asyncio.start_unix_server(self._serve, address, limit=LINE_BYTES)
        self._path.chmod(0o600)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(ASK_SECONDS):
                asked = json.loads(await reader.readline())
            command = self._commands.get(str(asked.get("do")))
            answer = {"error": "unknown command"} if command is None else {**await command()}
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
        except (OSError, ValueError, AttributeError, RecursionError, TuslineError) as error:
            writer.write(json.dumps({"error": str(error)}).encode() + b"\n")
        finally:
            writer.close()


async def ask(path: Path, command: str) -> Mapping[str, Any]:
    """Have the server of a folder run a command. Raises OSError when none listens."""
    with _short(path) as address:
        reader, writer = await asyncio.open_unix_connection(address, limit=LINE_BYTES)
    try:
        writer.write(json.dumps({"do": command}).encode() + b"\n")
        async with asyncio.timeout(ANSWER_SECONDS):
            line = await reader.readline()
        if not line:
            raise ConnectionResetError("the server has stopped meanwhile")
        answer: Mapping[str, Any] = json.loads(line)
        return answer
    finally:
        writer.close()


@contextmanager
def _short(path: Path) -> Generator[str]:
    """The socket's address through an open folder: a Unix address has 107 bytes at most."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
