"""What a person reads while files are on their way, and at the end."""

import io
import re
from functools import partial
from pathlib import Path

import pytest
from rich.console import Console

from tusline.upload import Phase
from tusline.uploader.bars import MANY, Bars
from tusline.uploader.lines import Lines
from tusline.uploader.source import Source, examine
from tusline.uploader.status import Made, Original, Status
from tusline.uploader.summary import as_json, report
from tusline.uploader.watching import Result

SIZE = 4_900_000


@pytest.fixture
def source(tmp_path: Path) -> Source:
    path = tmp_path / "IMG_[1].jpg"
    with path.open("wb") as out:
        out.truncate(SIZE)
    return examine(path)


def ready(source: Source) -> Result:
    root = "http://h/uploads/x"
    main = Made(
        name="main",
        url=f"{root}/main",
        content_type="image/jpeg",
        width=1440,
        height=1080,
        size=212_345,
        saved=0.957,
    )
    original = Original(url=f"{root}/original", size=SIZE, sha256="ab", width=4000, height=3000)
    return Result(
        source=source,
        url="http://h/files/x",
        status=Status(phase=Phase.READY, version=3, original=original, variants=(main,)),
        sha256="ab",
        verified=True,
    )


def printed(*, terminal: bool) -> tuple[Console, io.StringIO]:
    out = io.StringIO()
    return Console(file=out, force_terminal=terminal, width=100, color_system=None), out


def test_plain_lines_tell_the_story(source: Source) -> None:
    console, out = printed(terminal=False)
    lines = Lines(partial(console.print, markup=False, highlight=False))
    with lines.shown():
        lines.began(source, 0)
        for offset in range(0, SIZE + 1, SIZE // 20):
            lines.acknowledged(source, offset)
        lines.waiting(source, "line lost", 2.1)
        lines.going_on(source, 2_100_000)
        lines.sent(source)
        lines.optimizing(source, Status(phase=Phase.OPTIMIZING, version=2))
        lines.ended(ready(source))
    told = out.getvalue().splitlines()
    assert told[0] == "IMG_[1].jpg: sending 4.9 MB"
    assert "IMG_[1].jpg: line lost, trying again in 3 s" in told
    assert "IMG_[1].jpg: going on at 2.1 MB of 4.9 MB" in told
    assert told[-1] == "IMG_[1].jpg: done"
    assert sum("%" in line for line in told) == 10


def test_bars_show_acknowledged_bytes_and_why_they_wait(source: Source) -> None:
    console, out = printed(terminal=True)
    bars = Bars(console, [source], console.print)
    with bars.shown():
        bars.began(source, 0)
        bars.acknowledged(source, 2_100_000)
        bars.waiting(source, "line lost", 30.0)
        waits = frame(bars, out)
        bars.going_on(source, 2_500_000)
        goes_on = frame(bars, out)
        bars.ended(ready(source))
    assert "2.1/4.9 MB" in waits
    assert "line lost, trying again in 30 s" in waits
    assert "2.5/4.9 MB" in goes_on
    assert "trying again" not in goes_on
    assert "IMG_[1].jpg: going on at 2.5 MB of 4.9 MB" in out.getvalue()


def test_a_resumed_file_is_not_taken_for_a_fast_line(source: Source) -> None:
    console, out = printed(terminal=True)
    bars = Bars(console, [source], console.print)
    with bars.shown():
        bars.began(source, 4_000_000)
        shown = frame(bars, out)
    assert "4.0/4.9 MB" in shown
    assert "B/s" not in shown


def test_of_many_files_only_those_under_way_have_a_bar(tmp_path: Path) -> None:
    sources = []
    for number in range(MANY + 1):
        (tmp_path / f"{number:02}.jpg").write_bytes(b"x")
        sources.append(examine(tmp_path / f"{number:02}.jpg"))
    console, out = printed(terminal=True)
    bars = Bars(console, sources, console.print)
    with bars.shown():
        bars.ended(Result(source=sources[0]))
        bars.ended(Result(source=sources[1], failure="too-large: 11 MB"))
        bars.began(sources[2], 0)
        bars.waiting(sources[3], "server out of reach", 9.0)
        shown = frame(bars, out)
    assert re.findall(r"\d\d\.jpg|Total", shown) == ["02.jpg", "03.jpg", "Total"]
    assert "01.jpg: failed: too-large: 11 MB" in out.getvalue()


def frame(bars: Bars, out: io.StringIO) -> str:
    """The bars as they are now, drawn anew at the end of the output."""
    drawn = len(out.getvalue())
    bars.shown().refresh()
    return out.getvalue()[drawn:]


def test_the_report_names_sizes_savings_and_places(source: Source) -> None:
    console, out = printed(terminal=False)
    report(console, [ready(source), Result(source=source, failure="too-large: at most 1 MB")])
    text = out.getvalue()
    assert "212.3 kB  95.7%" in text
    assert "4000×3000" in text
    assert "equal" in text
    places = ["IMG_[1].jpg", "  http://h/uploads/x/original", "  http://h/uploads/x/main"]
    assert "\n".join(places) in text
    assert "failed IMG_[1].jpg: too-large: at most 1 MB" in text


def test_the_json_is_whole(source: Source) -> None:
    found = as_json([ready(source)])
    assert found["ok"] is True
    (file,) = found["files"]
    assert file["variants"][0]["size"] == 212_345
    assert file["verified"] is True
    assert file["original"] == "http://h/uploads/x/original"
    assert as_json([Result(source=source, failure="x")])["ok"] is False
