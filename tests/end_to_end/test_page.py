"""The page at `/` in a real Chromium, on a phone's screen: what a person would see."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any, Self

import pytest

from support import photos
from support.line import Line
from support.servers import Server, running_server
from support.tus import request

SCRIPT = Path(__file__).with_name("page.mjs")
CLIENT = Path(__file__).parents[2] / "client_js"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

RATE = 2_000_000
"""Bytes a second of the slow line: the photos take some five seconds on it."""

CLOSE_SECONDS = 30
"""Seconds that the browser has to close."""

Json = dict[str, Any]
Watcher = Callable[[Json], object]

pytestmark = pytest.mark.timeout(150)


def chromium() -> str:
    """Path of the browser. A missing one fails the test: a skipped page is an untested page."""
    found = os.environ.get("TUSLINE_CHROMIUM") or next(
        filter(None, map(shutil.which, BROWSERS)), ""
    )
    if not Path(found).is_file():
        pytest.fail(
            "no Chromium: install it (Debian: apt-get install chromium), "
            "or name its path in TUSLINE_CHROMIUM"
        )
    return found


def node() -> str:
    found = shutil.which("node")
    if found is None:
        pytest.fail("no node: install Node.js 20 or later")
    if not (CLIENT / "node_modules" / "playwright-core").is_dir():
        pytest.fail("no playwright-core: run `npm ci --ignore-scripts` in client_js")
    return found


def visit(url: str, out: Path, chosen: Sequence[Path], watch: Watcher = lambda move: None) -> Json:
    """Choose `chosen` on the page at `url`, upload them, and return what page.mjs saw.

    `watch` is called with each move of a bar."""
    told = out.with_suffix(".err")
    with told.open("w") as errors:
        process = subprocess.Popen(
            [node(), str(SCRIPT), f"{url}/", str(out), *map(str, chosen)],
            env=os.environ | {"TUSLINE_CHROMIUM": chromium()},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        for line in process.stdout or ():
            watch(json.loads(line))
        assert process.wait(CLOSE_SECONDS) == 0, told.read_text()
    finally:
        process.kill()
        process.communicate()
    result: Json = json.loads((out / "result.json").read_text())
    return result


@pytest.fixture(scope="session")
def camera(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three photos as a phone has them: landscape, held upright, and a small one."""
    folder = tmp_path_factory.mktemp("camera")
    made = {
        "IMG_1001.jpg": photos.jpeg(1, size=(4000, 3000)),
        "IMG_1002.jpg": photos.jpeg(2, size=(3000, 4000), orientation=6),
        "holiday.webp": photos.encoded(3, "WEBP", size=(1600, 1200)),
    }
    return [_write(folder / name, content) for name, content in made.items()]


def _write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def assert_arrived(result: Json, chosen: Sequence[Path]) -> None:
    """Every photo is optimized, its pictures are on the screen, its original is what was sent."""
    assert [card["name"] for card in result["cards"]] == [path.name for path in chosen]
    for card, path in zip(result["cards"], chosen, strict=True):
        assert card["state"] == "ready", card
        assert {shown["variant"] for shown in card["results"]} >= {"main", "thumbnail"}
        for shown in card["results"]:
            size, saved, pixels = shown["facts"]
            assert re.fullmatch(r"[\d.]+\s(bytes|kB|MB)", size)
            assert re.fullmatch(r"\d+\s% (smaller|larger)|same size", saved)
            assert pixels == " × ".join(map(str, shown["pixels"]))
        stored = request("GET", card["original"]).body
        assert hashlib.sha256(stored).digest() == hashlib.sha256(path.read_bytes()).digest()


def assert_honest(result: Json) -> None:
    """No bar ever fell."""
    for name, moves in result["bars"].items():
        assert moves == sorted(moves), f"the bar of {name} fell: {moves}"


def assert_continued(result: Json) -> None:
    """Each upload was created once, and each PATCH began at the last byte acknowledged."""
    created = [told for told in result["requests"] if told["method"] == "POST"]
    assert len(created) == len(result["cards"])
    acknowledged: dict[str, int] = {}
    for told in result["requests"]:
        if told["method"] == "PATCH" and told["status"] == 204:
            assert told["offset"] == acknowledged.get(told["url"], 0)
        if told["acknowledged"] is not None:
            acknowledged[told["url"]] = told["acknowledged"]


def resumed_at(result: Json) -> list[int]:
    """The offsets that answered HEAD requests."""
    heads = [told for told in result["requests"] if told["method"] == "HEAD"]
    return [told["acknowledged"] for told in heads if told["status"] == 200]


class BadGateway(ThreadingTCPServer):
    """A router whose server is away: it answers 502 to `requests` requests, then calls `then`."""

    daemon_threads = True

    def __init__(self, *, requests: int, then: Callable[[], None]) -> None:
        super().__init__(("127.0.0.1", 0), _Refusal)
        self.left = requests
        self.then = then

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class _Refusal(StreamRequestHandler):
    server: BadGateway

    def handle(self) -> None:
        while self.rfile.readline().strip():
            pass
        self.wfile.write(
            b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
        self.server.left -= 1
        if self.server.left == 0:
            self.server.then()


def once(share: float, act: Watcher) -> Watcher:
    """Does something when the total bar has passed a share of its length, one time."""
    waiting = [act]

    def watch(move: Json) -> None:
        passed = move["name"] == "total" and move["acknowledged"] > share * move["size"]
        if passed and waiting:
            waiting.pop()(move)

    return watch


def test_photos_chosen_on_a_phone_are_stored_and_their_optimized_pictures_appear(
    tmp_path: Path, camera: list[Path]
) -> None:
    disguised = _write(tmp_path / "notes.jpg", b"not a picture")
    with running_server(tmp_path) as server:
        result = visit(server.url, tmp_path / "seen", [*camera, disguised])
        assert_arrived(result, camera)
    assert_honest(result)
    assert len(result["refusals"]) == 1
    assert result["refusals"][0].startswith("notes.jpg is not a picture")
    assert [card["preview"] for card in result["cards"]] == ["drawn"] * 3
    assert result["errors"] == []
    assert result["overflow"] == 0, "the page is wider than a phone"
    assert result["summary"] == "3 of 3 photos optimized"
    assert result["announced"][0] == "Uploading 3 photos."
    assert result["announced"][-1].endswith("Finished: 3 of 3 photos optimized.")


def test_a_photo_that_cannot_be_decoded_keeps_its_original_and_says_why(tmp_path: Path) -> None:
    whole = photos.jpeg(4, size=(1600, 1200))
    broken = _write(tmp_path / "broken.jpg", whole[: len(whole) // 3])
    with running_server(tmp_path) as server:
        result = visit(server.url, tmp_path / "seen", [broken])
        (card,) = result["cards"]
        assert request("GET", card["original"]).body == broken.read_bytes()
    assert (card["state"], card["preview"]) == ("failed", "none")
    assert card["text"].startswith("Uploaded, but it could not be optimized. ")
    assert f"broken.jpg: {card['text']}" in " ".join(result["announced"])


def test_after_a_cut_of_the_line_the_page_goes_on_from_the_acknowledged_byte(
    tmp_path: Path, camera: list[Path]
) -> None:
    with running_server(tmp_path) as server, Line(server.port, rate=RATE) as line:
        cut = once(0.4, lambda move: line.cut())
        result = visit(line.url, tmp_path / "seen", camera, cut)
        assert_arrived(result, camera)
        sent = line.up
    assert_honest(result)
    assert_continued(result)
    assert max(resumed_at(result)) > 0
    assert sent < 1.3 * sum(path.stat().st_size for path in camera)


def test_a_router_that_answers_502_for_a_while_never_makes_the_page_start_over(
    tmp_path: Path, camera: list[Path]
) -> None:
    with (
        running_server(tmp_path) as server,
        Line(server.port, rate=RATE) as line,
        BadGateway(requests=8, then=lambda: line.lead(server.port)) as gateway,
    ):

        def lose(move: Json) -> None:
            line.lead(gateway.port)
            line.cut()

        result = visit(line.url, tmp_path / "seen", camera, once(0.4, lose))
        assert_arrived(result, camera)
    failed = [told for told in result["requests"] if told["status"] == 502]
    assert "HEAD" in {told["method"] for told in failed}
    assert_honest(result)
    assert_continued(result)


def test_the_server_killed_and_started_again_costs_no_acknowledged_byte(
    tmp_path: Path, camera: list[Path]
) -> None:
    with running_server(tmp_path) as server, Line(server.port, rate=RATE) as line:
        restart = once(0.4, lambda move: server.restart())
        result = visit(line.url, tmp_path / "seen", camera, restart)
        assert server.lives == 2
        assert_arrived(result, camera)
    assert_honest(result)
    assert_continued(result)


def test_an_upload_that_the_server_has_lost_begins_again(tmp_path: Path) -> None:
    photo = _write(tmp_path / "IMG_1.jpg", photos.jpeg(5, size=(4000, 3000)))
    with running_server(tmp_path) as server, Line(server.port, rate=RATE) as line:
        lose = once(0.3, lambda move: _delete(server, move["url"]))
        result = visit(line.url, tmp_path / "seen", [photo], lose)
        assert_arrived(result, [photo])
    created = [told for told in result["requests"] if told["method"] == "POST"]
    assert len(created) == 2
    moves = result["bars"][photo.name]
    assert sum(later < before for before, later in pairwise(moves)) == 1


def _delete(server: Server, url: str) -> None:
    own = f"{server.files}/{url.rpartition('/')[2]}"
    assert request("DELETE", own, {"Tus-Resumable": "1.0.0"}).status == 204


@pytest.mark.soak
def test_a_line_that_falls_silent_is_given_up_and_the_page_goes_on_when_it_speaks_again(
    tmp_path: Path, camera: list[Path]
) -> None:
    """No answer and no break: only the page's own watchdog can tell. It cuts after 20 s."""
    with running_server(tmp_path) as server, Line(server.port, rate=RATE) as line:
        speak = threading.Timer(25, line.go)

        def fall_silent(move: Json) -> None:
            line.stall()
            speak.start()

        result = visit(line.url, tmp_path / "seen", camera, once(0.4, fall_silent))
        assert_arrived(result, camera)
    assert_honest(result)
    assert_continued(result)
    assert max(resumed_at(result)) > 0
