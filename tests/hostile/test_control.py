"""Hostile lines on the folder's control socket: each is answered or refused, and nothing breaks."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from support.near import near
from tusline.control import LINE_BYTES, ControlServer, ask

SHARED_FOLDER = HealthCheck.function_scoped_fixture
COMMAND = near(st.sampled_from(['{"do": "sweep"}', '{"do": ["sweep"]}', '{"do": null}', '"do"']))


async def swept() -> dict[str, Any]:
    return {"swept": 7}


@asynccontextmanager
async def serving(folder: Path) -> AsyncGenerator[Path]:
    """A control server whose loop must not hear of an exception."""
    heard: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: heard.append(context))
    server = ControlServer(folder / "control.sock", {"sweep": swept})
    await server.open()
    try:
        yield folder / "control.sock"
        assert await ask(folder / "control.sock", "sweep") == {"swept": 7}
    finally:
        await server.close()
    assert heard == []


async def said(path: Path, line: bytes) -> bytes:
    """What comes back until the server closes."""
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        with suppress(ConnectionError):  # it need not read to the end
            writer.write(line)
            writer.write_eof()
        async with asyncio.timeout(10):
            return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


@given(COMMAND.map(str.encode) | st.binary(max_size=40))
@example(b"")
@example(b"[" * 30_000 + b"\n")
@example(b'{"do": "sweep"}' + b" " * LINE_BYTES)
@example(b"9" * 5000 + b"\n")
@settings(max_examples=60, deadline=None, suppress_health_check=[SHARED_FOLDER])
def test_a_line_is_a_command_or_is_refused(tmp_path: Path, line: bytes) -> None:
    async def served() -> bytes:
        async with serving(tmp_path) as path:
            return await said(path, line)

    if answer := asyncio.run(served()):
        told = json.loads(answer)
        assert told == {"swept": 7} if _sweeps(line) else set(told) == {"error"}


def _sweeps(line: bytes) -> bool:
    try:
        asked = json.loads(line.partition(b"\n")[0])
    except (ValueError, RecursionError):
        return False
    return isinstance(asked, dict) and asked.get("do") == "sweep" and len(line) <= LINE_BYTES


async def test_who_says_nothing_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tusline.control.ASK_SECONDS", 0.1)
    async with serving(tmp_path) as path:
        reader, writer = await asyncio.open_unix_connection(path)
        async with asyncio.timeout(10):
            assert "error" in json.loads(await reader.read())
        writer.close()
