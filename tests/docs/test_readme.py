"""The README's examples work as pasted."""

import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from support import photos, tus
from support.servers import Server, free_port, running_server
from support.waiting import until

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    with running_server(tmp_path_factory.mktemp("readme")) as running:
        yield running


def example(kind: str, server: Server) -> str:
    """The first block of a kind, with the test server's address in it."""
    found: dict[str, str] = dict(reversed(BLOCK.findall((ROOT / "README.md").read_text())))
    return found[kind].replace("http://127.0.0.1:8000", server.url)


@pytest.mark.parametrize("kind", ["bash", "python", "js"])
def test_an_example_uploads_a_photo_that_is_optimized(
    kind: str, server: Server, tmp_path: Path
) -> None:
    (tmp_path / "photo.jpg").write_bytes(photos.jpeg(11, size=(1200, 900)))
    command = {
        "bash": ["bash", "-c", example(kind, server)],
        "python": [sys.executable, "-c", example(kind, server)],
        "js": ["node", "example.mjs"],
    }[kind]
    if kind == "js":
        (tmp_path / "example.mjs").write_text(example(kind, server))
        (tmp_path / "node_modules").symlink_to(ROOT / "client_js" / "node_modules")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    match = re.search(r"/(?:files/|)([0-9a-f]{32})|\"id\": ?\"([0-9a-f]{32})\"", done.stdout)
    assert match, done.stdout
    assert tus.outcome(f"{server.files}/{match[1] or match[2]}")["phase"] == "ready"


def test_the_embedding_example_is_an_application(tmp_path: Path) -> None:
    blocks = BLOCK.findall((ROOT / "README.md").read_text())
    embedding = next(code for kind, code in blocks if kind == "python" and "install(app" in code)
    check = "print(sorted(route.path for route in app.routes))"
    done = subprocess.run(
        [sys.executable, "-c", embedding + check],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    assert "/media/files" in done.stdout


def test_the_embedding_server_stops_in_time_under_a_running_upload(tmp_path: Path) -> None:
    blocks = BLOCK.findall((ROOT / "README.md").read_text())
    embedding = [code for kind, code in blocks if kind == "python" and "tusline.install" in code]
    embedding += [code for kind, code in blocks if kind == "python" and "tusline.drain" in code]
    port = free_port()
    (tmp_path / "app.py").write_text("\n".join(embedding).replace("port=8000", f"port={port}"))
    files, ann = f"http://127.0.0.1:{port}/media/files", {"Authorization": "Bearer secret"}
    with subprocess.Popen([sys.executable, "app.py"], cwd=tmp_path) as host:
        try:
            until(lambda: accepts(port), "the application accepts")
            url = tus.create(files, 1000, headers=ann).headers["location"]
            with tus.open_patch(url, 0, 1000, headers=ann) as upload:
                upload.sendall(b"x" * 500)
                status = tus.status_url(url)
                until(
                    lambda: tus.request("GET", status, ann).json()["offset"] == 500,
                    "the upload moves",
                )
                host.terminate()
                assert tus.read_answer(upload).status == 503
            host.wait(10)
        finally:
            host.kill()


def accepts(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def test_the_examples_need_nothing_that_is_not_there() -> None:
    assert all(shutil.which(tool) for tool in ("curl", "bash", "node"))
