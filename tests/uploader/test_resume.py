"""The memory of unfinished uploads, shared by all runs."""

import json
import stat
import subprocess
import sys
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from support.clock import HandClock
from tusline.clock import SystemClock
from tusline.uploader.resume import MAX_AGE, MAX_ENTRIES, InUse, ResumeStore, key

A = key("print-a", "http://one/files")
B = key("print-b", "http://one/files")

OTHER_RUN = """
import sys
from pathlib import Path
from tusline.clock import SystemClock
from tusline.uploader.resume import ResumeStore
store = ResumeStore(Path(sys.argv[1]), SystemClock())
{work}
"""


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def store(tmp_path: Path, clock: HandClock) -> Generator[ResumeStore]:
    with closing(ResumeStore(tmp_path / "state", clock)) as store:
        yield store


def other_run(folder: Path, work: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", OTHER_RUN.format(work=work), str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_what_one_run_remembers_the_next_one_finds(tmp_path: Path, clock: HandClock) -> None:
    with closing(ResumeStore(tmp_path, clock)) as first:
        first.remember(A, "http://one/files/1", Path("/photos/a.jpg"))
    with closing(ResumeStore(tmp_path, clock)) as second:
        assert second.find(A) == "http://one/files/1"
        assert second.find(B) is None
        second.forget(A)
        assert second.find(A) is None


def test_the_same_file_on_another_server_is_another_upload() -> None:
    assert key("print-a", "http://one/files") != key("print-a", "http://two/files")


def test_the_memory_is_for_its_user_alone(store: ResumeStore, tmp_path: Path) -> None:
    store.remember(A, "http://one/files/1", Path("a"))
    assert stat.S_IMODE((tmp_path / "state" / "uploads.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700


def test_old_uploads_are_forgotten(store: ResumeStore, clock: HandClock) -> None:
    store.remember(A, "http://one/files/1", Path("a"))
    clock.forward(MAX_AGE + 1)
    store.remember(B, "http://one/files/2", Path("b"))
    assert store.find(A) is None
    assert store.find(B) == "http://one/files/2"


def test_an_upload_in_use_stays_young(store: ResumeStore, clock: HandClock) -> None:
    store.remember(A, "http://one/files/1", Path("a"))
    for _ in range(3):
        clock.forward(MAX_AGE * 0.9)
        assert store.find(A) == "http://one/files/1"


def test_the_memory_is_bounded_and_keeps_the_newest(tmp_path: Path, clock: HandClock) -> None:
    entries = {
        f"{number:064x}": {"url": f"http://one/{number}", "path": "p", "used": clock.now() + number}
        for number in range(MAX_ENTRIES)
    }
    text = json.dumps({"schema": 1, "uploads": entries})
    (tmp_path / "uploads.json").write_text(text)
    clock.forward(MAX_ENTRIES)
    with closing(ResumeStore(tmp_path, clock)) as store:
        store.remember(A, "http://one/new", Path("a"))
        assert store.find(A) == "http://one/new"
        assert store.find(f"{0:064x}") is None
        assert store.find(f"{1:064x}") == "http://one/1"
    assert len(json.loads((tmp_path / "uploads.json").read_text())["uploads"]) == MAX_ENTRIES


@pytest.mark.parametrize("text", ["", "{", "[]", '{"uploads": 3}', '{"uploads": {"a": {}}}', "\0"])
def test_an_unreadable_memory_counts_as_empty(
    store: ResumeStore, tmp_path: Path, text: str
) -> None:
    (tmp_path / "state" / "uploads.json").write_text(text)
    assert store.find(A) is None
    store.remember(A, "http://one/files/1", Path("a"))
    assert store.find(A) == "http://one/files/1"


def test_many_threads_and_runs_lose_nothing(tmp_path: Path) -> None:
    work = (
        "for number in range(30): store.remember(f'{number:032x}' * 2, 'http://other', Path('o'))"
    )
    with closing(ResumeStore(tmp_path, SystemClock())) as store:
        others = [other_run(tmp_path, work) for _ in range(2)]

        def mine(number: int) -> None:
            store.remember(key(str(number), ""), f"http://one/{number}", Path("m"))

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(mine, range(60)))
        for other in others:
            other.communicate(timeout=30)
            assert other.returncode == 0
        for number in range(60):
            assert store.find(key(str(number), "")) == f"http://one/{number}"
        for number in range(30):
            assert store.find(f"{number:032x}" * 2) == "http://other"


def test_an_upload_is_sent_by_one_run_at_a_time(store: ResumeStore, tmp_path: Path) -> None:
    hold = f"with store.claim({A!r}): print('held', flush=True); sys.stdin.read()"
    other = other_run(tmp_path / "state", hold)
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    with pytest.raises(InUse), store.claim(A):
        pass
    with store.claim(B):
        pass
    other.kill()
    other.communicate(timeout=30)
    with store.claim(A):
        pass


def test_an_upload_is_sent_by_one_thread_at_a_time(store: ResumeStore) -> None:
    with store.claim(A):
        with pytest.raises(InUse), store.claim(A):
            pass
    with store.claim(A):
        pass
