"""`tusline upload` as a person runs it, against the real server, over a line that breaks."""

import hashlib
import json
import re
import subprocess
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from support import photos, tus
from support.commands import Run
from support.line import Line
from support.servers import Server, running_server

RATE = 1_500_000
"""Bytes a second of the slow line: a photo takes some three seconds on it."""

SLACK = 64 * 1024
"""Bytes through the line for HTTP's own words, a few requests long."""

WAIT_SECONDS = 50


Upload = Callable[..., Run]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    with running_server(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
def line(server: Server) -> Generator[Line]:
    with Line(server.port, rate=RATE) as line:
        yield line


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def upload(home: Path) -> Generator[Upload]:
    """Starts `tusline upload` with the arguments given."""
    runs: list[Run] = []

    def start(*arguments: object) -> Run:
        runs.append(Run(home, *arguments))
        return runs[-1]

    yield start
    for run in runs:
        run.close()


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photo of 12 megapixels, some 4.9 MB."""
    path = tmp_path_factory.mktemp("camera") / "IMG_1.jpg"
    path.write_bytes(photos.jpeg(1, orientation=6, gps=True))
    return path


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three small photos."""
    folder = tmp_path_factory.mktemp("camera")
    paths = [folder / f"IMG_{number}.jpg" for number in (1, 2, 3)]
    for number, path in enumerate(paths):
        path.write_bytes(photos.jpeg(number, size=(1200, 900)))
    return paths


def reached(line: Line, up: int) -> None:
    assert line.passed(up).wait(WAIT_SECONDS), f"only {line.up} bytes went up"


def stored_equals(upload: dict[str, Any], path: Path) -> bool:
    """Whether the original, read back over HTTP, is the file."""
    answer = tus.request("GET", upload["original"])
    assert answer.status == 200
    return hashlib.sha256(answer.body).digest() == hashlib.sha256(path.read_bytes()).digest()


def test_photos_come_out_optimized_in_a_table(
    server: Server, upload: Upload, small: list[Path]
) -> None:
    code, out, error = upload(*small, "--url", server.url).end()
    assert code == 0, error
    for path in small:
        assert path.name in out
        assert f"{path.name}: done" in error
    assert out.count("equal") == 3
    assert out.count("main") >= 3
    assert f"{server.url}/uploads/" in out
    assert "%" in error


def test_json_goes_to_standard_output_alone(
    server: Server, upload: Upload, small: list[Path]
) -> None:
    found = upload(*small, "--json", "--url", server.files).json()
    assert found["ok"] is True
    assert [Path(file["file"]) for file in found["files"]] == small
    for file, path in zip(found["files"], small, strict=True):
        assert file["phase"] == "ready"
        assert file["verified"] is True
        assert file["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        assert {variant["name"] for variant in file["variants"]} >= {"main", "thumbnail"}
        for variant in file["variants"]:
            assert len(tus.request("GET", variant["url"]).body) == variant["size"]
        assert stored_equals(file, path)


def test_an_interrupted_upload_goes_on_at_the_next_run(
    line: Line, upload: Upload, photo: Path
) -> None:
    first = upload(photo, "--url", line.url)
    reached(line, 2_500_000)
    first.interrupt()
    code, _, error = first.end()
    assert code == 130
    assert "Run the same command again" in error
    (file,) = upload(photo, "--json", "--url", line.url).json()["files"]
    assert file["resumed_at"] > 0
    assert file["sent_again"] == 0
    assert stored_equals(file, photo)
    assert line.up < photo.stat().st_size + SLACK


def test_what_was_finished_before_an_interruption_is_not_sent_again(
    line: Line, upload: Upload, small: list[Path]
) -> None:
    sizes = [path.stat().st_size for path in small]
    first = upload(*small, "--parallel", 1, "--url", line.url)
    reached(line, sizes[0] + sizes[1] + sizes[2] // 2)
    first.interrupt()
    assert first.end()[0] == 130
    found = upload(*small, "--json", "--url", line.url).json()
    assert found["files"][0]["resumed_at"] == sizes[0]
    assert line.up < sum(sizes) + SLACK
    again = upload(*small, "--json", "--url", line.url).json()
    before, after = ({file["upload"] for file in run["files"]} for run in (found, again))
    assert not before & after, "a finished command that is run again uploads again"


def test_a_cut_line_is_waited_for(line: Line, upload: Upload, photo: Path) -> None:
    run = upload(photo, "--json", "--url", line.url)
    for up in (1_000_000, 3_000_000):
        reached(line, up)
        assert line.cut() > 0
    code, out, error = run.end()
    assert code == 0, error
    (file,) = json.loads(out)["files"]
    assert error.count("line lost, trying again") >= 2
    assert error.count("going on at") >= 2
    assert file["sent_again"] == 0
    assert stored_equals(file, photo)


def test_a_server_killed_in_mid_upload_gets_the_rest_when_it_is_back(
    server: Server, line: Line, upload: Upload, photo: Path
) -> None:
    run = upload(photo, "--json", "--url", line.url)
    reached(line, 2_500_000)
    server.kill()
    server.start()
    (file,) = run.json()["files"]
    assert file["sent_again"] == 0
    assert file["verified"] is True
    assert stored_equals(file, photo)


@pytest.mark.soak
def test_a_dead_spot_is_sat_out(line: Line, upload: Upload, photo: Path) -> None:
    run = upload(photo, "--json", "--url", line.url)
    reached(line, 2_500_000)
    line.stall()
    with pytest.raises(subprocess.TimeoutExpired):
        run.process.wait(25)  # the dead spot itself: longer than any time limit of the client
    line.go()
    (file,) = run.json()["files"]
    assert file["sent_again"] == 0
    assert stored_equals(file, photo)


def test_a_short_request_deadline_never_strikes(
    tmp_path: Path, upload: Upload, photo: Path
) -> None:
    with running_server(tmp_path, request_deadline=2) as server:
        with Line(server.port, rate=1_000_000) as line:
            (file,) = upload(photo, "--json", "--url", line.url).json()["files"]
            assert stored_equals(file, photo)
            assert line.up < photo.stat().st_size + SLACK
        assert '"status": 503' not in server.log


def test_a_text_is_refused_with_the_servers_words(
    server: Server, upload: Upload, tmp_path: Path, small: list[Path]
) -> None:
    said_to_be_one, text = tmp_path / "notes.jpg", tmp_path / "notes.txt"
    for path in (said_to_be_one, text):
        path.write_text("this is no photo\n" * 100)
    code, out, _ = upload(said_to_be_one, text, small[0], "--url", server.url).end()
    assert code == 1
    for path in (said_to_be_one, text):
        failure = rf"^failed {path.name}: [a-z_-]+: .*image/jpeg"
        assert re.search(failure, out, re.MULTILINE), out
    assert re.search(rf"^{small[0].name} +original .* equal", out, re.MULTILINE)


def test_a_broken_photo_is_stored_but_named_as_failed(
    server: Server, upload: Upload, tmp_path: Path, small: list[Path]
) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(small[0].read_bytes()[:600] + bytes(2000))
    code, out, _ = upload(broken, "--json", "--url", server.url).end()
    assert code == 1
    (file,) = json.loads(out)["files"]
    assert file["phase"] == "failed"
    assert file["failure"].startswith("stored, but not optimized: ")
    assert stored_equals(file, broken)


def test_an_upload_the_server_lost_starts_anew_and_says_so(
    server: Server, upload: Upload, home: Path, photo: Path
) -> None:
    with Line(server.port, rate=RATE) as line:
        first = upload(photo, "--url", line.url)
        reached(line, 1_000_000)
        first.interrupt()
        assert first.end()[0] == 130
        remembered = json.loads((home / "tusline" / "uploads.json").read_text())["uploads"]
        (entry,) = remembered.values()
        assert tus.delete(entry["url"]).status == 204
        code, _, error = upload(photo, "--url", line.url).end()
    assert code == 0
    assert "starting anew" in error


def test_two_runs_do_not_send_the_same_file(line: Line, upload: Upload, photo: Path) -> None:
    line.rate(RATE / 10)
    first = upload(photo, "--json", "--url", line.url)
    reached(line, 100_000)
    code, out, _ = upload(photo, "--url", line.url).end()
    line.rate(None)
    assert code == 1
    assert "another `tusline upload` is sending this file" in out
    assert first.json()["ok"] is True


def test_more_files_than_a_batch_holds_go_in_several(
    tmp_path: Path, upload: Upload, small: list[Path]
) -> None:
    with running_server(tmp_path, max_files=2) as server:
        found = upload(*small, "--json", "--no-wait", "--url", server.url).json()
        metadata = [tus.head(file["upload"]).headers["upload-metadata"] for file in found["files"]]
    batches = {part for value in metadata for part in value.split(",") if part.startswith("batch")}
    assert len(batches) == 2


def test_a_server_that_is_not_there_is_given_up(upload: Upload, small: list[Path]) -> None:
    with Line(1) as line:
        line.refuse()
        code, out, error = upload(small[0], "--give-up", 1, "--url", line.url).end()
    assert code == 1
    assert "server out of reach, trying again" in error
    assert "gave up after 1 s without progress: server out of reach" in out


def test_wrong_usage_ends_with_2(upload: Upload, small: list[Path]) -> None:
    for arguments in ((), ("missing.jpg",), (small[0], "--url", "ftp://h"), (small[0].parent,)):
        assert upload(*arguments).end()[0] == 2
