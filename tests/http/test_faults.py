"""A fault of the server is an answer like any other: a page can read it, and HEAD scares nobody."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from tusline import Settings, create_app

ORIGIN = {"origin": "https://app.example.org"}


@pytest.fixture
async def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Any]:
    """An application in this process whose records have a bug."""
    app = create_app(Settings(data=tmp_path / "data"))

    async def bug(*arguments: object, **named: object) -> None:
        raise RuntimeError("a bug")

    async with app.router.lifespan_context(app):
        for method in ("get", "begin", "create"):
            monkeypatch.setattr(app.state.tusline.parts.doors.records, method, bug)
        yield app


async def ask(app: Any, method: str, path: str) -> tuple[int, dict[str, str], bytes]:
    headers = {"tus-resumable": "1.0.0", "upload-length": "5", "upload-offset": "0"}
    headers |= ORIGIN | {"content-type": "application/offset+octet-stream"}
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "root_path": "",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
        "scheme": "http",
    }
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], told, sent[1]["body"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/files", 500),
        ("PATCH", f"/files/{'n' * 32}", 500),
        ("DELETE", f"/files/{'n' * 32}", 500),
        ("HEAD", f"/files/{'n' * 32}", 423),
    ],
)
async def test_a_fault_of_the_server_can_be_read_by_a_page_and_names_the_version(
    app: Any, method: str, path: str, status: int
) -> None:
    told, headers, body = await ask(app, method, path)
    assert told == status
    assert body.startswith(b"internal: ")
    assert b"a bug" not in body
    assert headers["access-control-allow-origin"] == "*"
    assert "Upload-Offset" in headers["access-control-expose-headers"]
    assert headers["tus-resumable"] == "1.0.0"
