"""A stop whose patience is over cancels what still waits: the answer is one that clients know."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from tusline import Access, Hooks, Settings, create_app


def request(method: str, *headers: tuple[bytes, bytes]) -> dict[str, Any]:
    return {
        "type": "http",
        "method": method,
        "path": f"/files/{'a' * 32}",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"tus-resumable", b"1.0.0"), *headers],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
        "scheme": "http",
    }


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

    async with app.state.tusline.running():
        running = asyncio.ensure_future(app(request(method), receive, send))
        await asked.wait()
        running.cancel()
        await running
    headers = dict(sent[0]["headers"])
    assert (sent[0]["status"], headers[b"tus-resumable"]) == (status, b"1.0.0")
    assert headers[b"retry-after"] == b"1"


async def test_a_request_that_is_cancelled_after_its_answer_ends_in_order(tmp_path: Path) -> None:
    app = create_app(Settings(data=tmp_path / "data"))
    sent: list[Any] = []
    lingering = asyncio.Event()

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        lingering.set()
        await asyncio.Event().wait()

    headers = [(b"content-length", b"5"), (b"upload-offset", b"0")]
    async with app.state.tusline.running():
        running = asyncio.ensure_future(app(request("PATCH", *headers), receive, send))
        await lingering.wait()
        running.cancel()
        with capture_logs() as logs:
            await running
    assert sent[0]["status"] == 404
    assert [message["type"] for message in sent[1:]] == 2 * ["http.response.body"]
    assert not sent[-1].get("more_body")
    assert [entry["status"] for entry in logs if entry["event"] == "upload.append"] == [404]
