"""A stop whose patience is over cancels what still waits: the answer is one that clients know."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tusline import Access, Hooks, Settings, create_app


@pytest.mark.parametrize(("method", "status"), [("HEAD", 423), ("PATCH", 503)])
async def test_a_request_that_is_cancelled_is_told_to_come_back(
    tmp_path: Path, method: str, status: int
) -> None:
    asked = asyncio.Event()

    async def slow(access: Access) -> str | None:
        asked.set()
        await asyncio.Event().wait()
        return None

    app = create_app(Settings(data=tmp_path / "data"), Hooks(authorize=slow))
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http",
        "method": method,
        "path": f"/files/{'a' * 32}",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"tus-resumable", b"1.0.0")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
        "scheme": "http",
    }
    async with app.state.tusline.running():
        request = asyncio.ensure_future(app(scope, receive, send))
        await asked.wait()
        request.cancel()
        await request
    headers = dict(sent[0]["headers"])
    assert (sent[0]["status"], headers[b"tus-resumable"]) == (status, b"1.0.0")
    assert headers[b"retry-after"] == b"1"
