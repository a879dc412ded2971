"""The servers of our tests: one that does not live is never said to have started."""

import sys
from pathlib import Path

import pytest

from support import servers
from support.servers import HOST, Server, ServerFailed, answers

READY = f"print(f'tusline is ready at http://{HOST}:{{port}}', flush=True)"
PROGRAMS = {
    "dies without a word": "sys.exit(3)",
    "says why it dies": "sys.exit('no, not today')",
    "closes its output before it dies": "os.close(1); os.close(2); time.sleep(60)",
    "is ready and dies": f"{READY}; sys.exit('no, not today')",
    "is ready elsewhere": f"port += 1; {READY}; time.sleep(60)",
    "never answers": f"taken = socket.create_server(('{HOST}', port)); {READY}; time.sleep(60)",
}
HANGING = {"is ready elsewhere", "never answers"}
IMPORTS = "import os, socket, sys, time; port = int(sys.argv[sys.argv.index('--port') + 1])"


def started(tmp_path: Path, words: str) -> Server:
    program = (sys.executable, "-c", f"{IMPORTS}; {words}")
    server = Server(tmp_path / "data", program=program)
    server.start()
    return server


@pytest.mark.parametrize("kind", PROGRAMS)
def test_a_server_that_does_not_come_up_is_told_with_its_log(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind in HANGING:
        monkeypatch.setattr(servers, "START_SECONDS", 1.0)
    with pytest.raises(ServerFailed, match="the server") as failure:
        started(tmp_path, PROGRAMS[kind])
    assert ("not today" in PROGRAMS[kind]) is ("no, not today" in str(failure.value))


def test_a_server_whose_port_is_taken_says_so(tmp_path: Path) -> None:
    one, two = Server(tmp_path / "one"), Server(tmp_path / "two")
    two.port = one.port
    one.start()
    try:
        with pytest.raises(ServerFailed, match=f"cannot listen on {HOST}, port {one.port}"):
            two.start()
        assert answers(one.port)
    finally:
        one.close()
    two.start()
    two.close()
