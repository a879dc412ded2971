"""The child process: what it says, what it may use, and when it ends."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from support import photos
from tusline_optimizer.process import ENVIRONMENT
from tusline_optimizer.recipes import DEFAULT

from . import hostile
from .children import Endless, gone

MEMORY = 256 * 1024 * 1024

Child = subprocess.Popen[bytes]


@pytest.fixture
def child() -> Iterator[Child]:
    command = [sys.executable, "-I", "-m", "tusline_optimizer.child", str(MEMORY)]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(ENVIRONMENT),
    ) as process:
        yield process
        process.kill()


def ask(child: Child, request: dict[str, Any]) -> dict[str, Any]:
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(json.dumps(request).encode() + b"\n")
    child.stdin.flush()
    answer: dict[str, Any] = json.loads(child.stdout.readline())
    return answer


def inspect(child: Child, path: Path) -> dict[str, Any]:
    return ask(child, {"inspect": str(path), "recipes": [asdict(recipe) for recipe in DEFAULT]})


def test_a_photo_is_inspected_and_rendered(child: Child, tmp_path: Path) -> None:
    source = tmp_path / "photo"
    source.write_bytes(photos.jpeg(1, size=(2400, 1800)))
    assert inspect(child, source)["memory"] > 0
    answer = ask(child, {"render": str(tmp_path)})
    assert answer["size"] == [2400, 1800]
    assert [output["recipe"] for output in answer["outputs"]] == ["main", "thumbnail"]
    assert (tmp_path / "main").stat().st_size == answer["outputs"][0]["size"]


def test_a_refusal_is_an_answer_and_the_child_goes_on(child: Child, tmp_path: Path) -> None:
    (tmp_path / "bad").write_bytes(photos.jpeg(1, size=(640, 480))[:-900])
    (tmp_path / "good").write_bytes(photos.jpeg(1, size=(640, 480)))
    assert "memory" in inspect(child, tmp_path / "bad")
    assert ask(child, {"render": str(tmp_path)})["refused"] == "broken"
    assert "memory" in inspect(child, tmp_path / "good")
    assert "outputs" in ask(child, {"render": str(tmp_path)})


def test_a_failing_machine_is_not_the_image_s_fault(child: Child, tmp_path: Path) -> None:
    assert "FileNotFoundError" in inspect(child, tmp_path / "missing")["failed"]
    (tmp_path / "photo").write_bytes(photos.jpeg(1, size=(64, 48)))
    inspect(child, tmp_path / "photo")
    assert "FileNotFoundError" in ask(child, {"render": str(tmp_path / "no folder")})["failed"]


def test_what_takes_more_memory_than_its_header_told_meets_the_limit_of_the_process() -> None:
    program = (
        "import resource\n"
        "from tusline_optimizer.child import confine\n"
        "confine(2**28)\n"
        "assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)\n"
        "small = bytearray(2**28)\n"
        "try:\n"
        "    large = bytearray(2**29)\n"
        "except MemoryError:\n"
        "    print('limited')\n"
    )
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, check=True)
    assert done.stdout == b"limited\n"


def test_its_end_is_the_end_of_its_stdin(child: Child, tmp_path: Path) -> None:
    inspect(child, tmp_path / "nothing")
    assert child.stdin is not None
    child.stdin.close()
    assert child.wait(10) == 0


def test_signals_to_the_whole_group_are_the_parent_s_business(child: Child, tmp_path: Path) -> None:
    (tmp_path / "photo").write_bytes(photos.jpeg(1, size=(64, 48)))
    inspect(child, tmp_path / "photo")
    child.send_signal(signal.SIGINT)
    child.send_signal(signal.SIGTERM)
    assert "outputs" in ask(child, {"render": str(tmp_path)})


def test_stdout_carries_answers_alone() -> None:
    program = (
        "import os, sys, tusline_optimizer.child as child\n"
        "child.Child.answer = lambda self, request: os.write(1, b'noise') and {'memory': 1}\n"
        "print('more noise')\n"
        "sys.argv = ['child', '268435456']\n"
        "child.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], input=b'{"inspect": "x"}\n', capture_output=True
    )
    assert done.stdout.splitlines()[-1] == b'{"memory": 1}'
    assert b"noise" in done.stderr


def test_it_loads_nothing_of_the_server() -> None:
    program = (
        "import sys, tusline_optimizer.child\n"
        "names = {name.partition('.')[0] for name in sys.modules}\n"
        "print(sorted(names & {'tusline', 'structlog', 'asyncio', 'starlette', 'docket'}))\n"
    )
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, check=True)
    assert done.stdout == b"[]\n"


def test_it_dies_with_a_parent_that_is_killed_even_in_the_middle_of_an_image(
    tmp_path: Path,
) -> None:
    program = (
        "import asyncio, sys\n"
        "from tusline_optimizer.process import Process\n"
        "async def main():\n"
        "    child = await Process.start(memory=2**28)\n"
        "    print(child.pid, flush=True)\n"
        "    await child.ask({'inspect': sys.argv[1], 'recipes': []})\n"
        "asyncio.run(main())\n"
    )
    pipe = Endless(tmp_path / "pipe")
    command = [sys.executable, "-c", program, str(pipe.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        asyncio.run(pipe.opened())
        assert not gone(pid, within=0)
        parent.kill()
    assert gone(pid, within=5)
    pipe.close()


async def test_its_environment_holds_no_secrets(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from tusline_optimizer.process import Process

    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    process = await Process.start(memory=MEMORY)
    try:
        async with asyncio.timeout(10):
            await process.ask({"inspect": str(tmp_path / "nothing"), "recipes": []})
        environment = Path(f"/proc/{process.pid}/environ").read_bytes()
        assert b"MALLOC_TRIM_THRESHOLD_" in environment
        assert b"secret" not in environment
    finally:
        await process.kill()


def test_a_bomb_costs_a_warm_child_next_to_nothing(child: Child, tmp_path: Path) -> None:
    (tmp_path / "photo").write_bytes(photos.jpeg(1, size=(64, 48)))
    inspect(child, tmp_path / "photo")
    before = peak(child)
    for number, bomb in enumerate(
        [
            hostile.jpeg_bomb(10_000, 10_000, progressive=True, scan=400_000),
            hostile.png_claiming(13_300, 13_300),
            hostile.webp_claiming(15_000, 15_000),
            hostile.avif_claiming(12_000, 12_000),
            hostile.many_scans(5000, (4000, 4000)),
        ]
    ):
        (tmp_path / f"bomb{number}").write_bytes(bomb)
        assert "refused" in inspect(child, tmp_path / f"bomb{number}")
    assert peak(child) - before < 8 * 1024 * 1024


def peak(child: Child) -> int:
    """The most resident memory that the process ever had, in bytes."""
    for line in Path(f"/proc/{child.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise LookupError("VmHWM")
