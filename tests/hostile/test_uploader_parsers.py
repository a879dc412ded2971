"""What a server may say to `tusline upload`, and what may stand in its memory: no traceback."""

import json
import math
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from support.clock import HandClock
from support.near import latin, near
from tusline.uploader.connection import Answer
from tusline.uploader.resume import ResumeStore, key
from tusline.uploader.sizer import Hints, Sizer
from tusline.uploader.status import Limits, Status, read_limits, read_status
from tusline.uploader.timed import told_location, told_offset
from tusline.uploader.verdict import WORDS, Refused, refusal
from tusline.uploader.words import printable

BASE = "http://127.0.0.1:8000/files"
DEEP = b"[" * 100_000
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda some: st.lists(some, max_size=3) | st.dictionaries(st.text(max_size=5), some),
)
KINDS = st.sampled_from(["text/plain", "text/html", "application/json", "application/problem+json"])
BODIES = st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode())
ADDRESS = near(
    st.sampled_from(
        [f"{BASE}/abc", "/files/abc", "abc", "//h/files/abc", "http://[::1]:80/f", "file:///x"]
    )
)


def answer(status: int, headers: dict[str, str], body: bytes = b"") -> Answer:
    return Answer(status=status, headers=headers, body=body)


@given(st.integers(0, 999), KINDS, BODIES, latin(st.integers(0, 10**6).map(str)), st.text())
@example(500, "application/json", DEEP, "9" * 5000, "\x1b[2J")
@example(500, "text/plain", b"\0", "0", "")
def test_a_refusal_is_a_line_for_a_person(
    status: int, kind: str, body: bytes, after: str, location: str
) -> None:
    headers = {"content-type": kind, "retry-after": after, "location": location}
    refused = refusal(status, headers, body)
    assert refused.message.isprintable()
    assert 0 < len(refused.message) <= WORDS
    assert refused.retry_after is None or refused.retry_after == float(after)


@given(st.text())
def test_what_is_printable_stays_on_one_line(text: str) -> None:
    assert printable(text).isprintable()
    assert printable(printable(text)) == printable(text)


@given(st.sampled_from([200, 204, 201, 404]), latin(st.integers(0, 2**64).map(str)))
@example(204, "9" * 5000)
@example(200, "")
def test_an_offset_lies_within_the_file_or_is_none(status: int, text: str) -> None:
    size = 2**40
    try:
        offset = told_offset(answer(status, {"upload-offset": text}), size)
    except Refused:
        fits = text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= size
        assert status not in (200, 201, 204) or not fits
    else:
        assert (str(offset), status in (200, 201, 204)) == (str(int(text)), True)
        assert 0 <= offset <= size


@given(ADDRESS)
@example("http://[")
def test_a_location_is_an_address_or_is_refused(location: str) -> None:
    try:
        url = told_location(answer(201, {"location": location}), BASE)
    except Refused as refused:
        assert refused.message.isprintable()  # noqa: PT017 - many examples are no refusals
    else:
        assert urlsplit(url).scheme


@given(JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=60))
@example(DEEP)
def test_a_status_is_one_or_is_refused(body: bytes) -> None:
    try:
        assert isinstance(read_status(body, BASE), Status)
    except Refused:
        return


@given(ADDRESS)
def test_addresses_in_a_status_are_made_absolute_or_refused(url: str) -> None:
    body = {"phase": "ready", "version": 1, "original": {"url": url, "size": 1}}
    try:
        status = read_status(json.dumps(body).encode(), BASE)
    except Refused:
        return
    assert status.original is not None
    assert urlsplit(status.original.url).scheme


HINT = st.none() | st.integers(-5, 10**30) | st.floats() | st.text(max_size=4)
HINTS = st.dictionaries(st.sampled_from(["start", "min", "max", "seconds"]), HINT)


@given(st.dictionaries(st.sampled_from(["max_files", "request_deadline"]), HINT), HINTS)
@example({"max_files": 0}, {})
@example({"request_deadline": math.nan}, {"seconds": math.inf, "max": 0})
def test_limits_are_usable_or_the_defaults(told: dict[str, Any], chunks: dict[str, Any]) -> None:
    limits = read_limits(json.dumps(told | {"chunks": chunks}).encode())
    assert limits.max_files > 0
    assert 0 <= limits.request_deadline < math.inf
    sizer = Sizer(limits.chunks.under(limits.request_deadline))
    for _ in range(4):
        assert sizer.size > 0
        assert 0 < sizer.limit(sizer.size) < math.inf
        sizer.sent(sizer.size, 1.0)
        sizer.cut(1, 1.0)


def test_limits_that_are_not_told_are_the_defaults() -> None:
    assert read_limits(DEEP) == Limits() == read_limits(b"{}")
    assert Limits().chunks == Hints()


# --- the memory ----------------------------------------------------------------------------------

ENTRY = st.fixed_dictionaries({"url": JSON, "path": JSON, "used": JSON}) | JSON
MEMORY = st.dictionaries(st.sampled_from([key("a", BASE), key("b", BASE)]), ENTRY)
TEXTS = (
    MEMORY.map(lambda entries: json.dumps({"schema": 1, "uploads": entries}).encode())
    | JSON.map(lambda value: json.dumps(value).encode())
    | st.binary(max_size=60)
)


@pytest.fixture
def memory(tmp_path: Path) -> Generator[SimpleNamespace]:
    with closing(ResumeStore(tmp_path, HandClock())) as store:
        yield SimpleNamespace(store=store, file=tmp_path / "uploads.json")


@given(TEXTS)
@example(DEEP)
@example(b'{"uploads": {"a": {"url": "u", "path": "p", "used": 1' + b"0" * 400 + b"}}}")
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_spoiled_memory_is_an_empty_one_and_can_be_used(
    memory: SimpleNamespace, text: bytes
) -> None:
    memory.file.write_bytes(text)
    found = memory.store.find(key("a", BASE))
    assert found is None or isinstance(found, str)
    memory.store.remember(key("b", BASE), f"{BASE}/b", Path("b.jpg"))
    assert memory.store.find(key("b", BASE)) == f"{BASE}/b"
