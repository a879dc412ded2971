"""What real clients ask of a server, seen on the line: each of these once broke another server."""

import re
from pathlib import Path

import pytest

from support.clients import (
    AIOTUS,
    TUS_ASYNC_CLIENT,
    TUS_CLIENT,
    TUS_JAVA,
    TUS_JS,
    TUS_JS_PAGE,
    TUSPY,
    Client,
)
from support.servers import Server
from support.tape import Tape
from support.troubles import judged

pytestmark = [pytest.mark.clients, pytest.mark.timeout(60)]

PAYLOAD = 10_000


def recorded(client: Client, server: Server, path: Path, data: bytes) -> Tape:
    """Upload `data`, which must arrive; what passed on the line."""
    path.write_bytes(data)
    tape = Tape()
    outcome = judged(client, server, path, tape=tape)
    assert outcome.ended.done, outcome.ended.words
    return tape


@pytest.mark.parametrize(
    "client",
    [TUSPY, TUSPY.given(**{"async": True}), TUS_JS, TUS_JS_PAGE, TUS_JAVA],
    ids=str,
)
def test_an_empty_file_arrives(calm: Server, client: Client, tmp_path: Path) -> None:
    recorded(client, calm, tmp_path / "empty", b"")


@pytest.mark.parametrize("size", [0, PAYLOAD, 2 * PAYLOAD])
def test_tus_java_client_is_told_to_continue_with_an_empty_patch_at_the_end(
    calm: Server, source: bytes, tmp_path: Path, size: int
) -> None:
    client = TUS_JAVA.given(requestPayloadSize=PAYLOAD, chunkSize=PAYLOAD)
    tape = recorded(client, calm, tmp_path / "file", source[:size])
    requests = size // PAYLOAD + 1
    assert tape.up.count(b"X-HTTP-Method-Override: PATCH") == requests
    assert tape.up.count(b"Expect: 100-continue") == requests
    assert tape.up.endswith(b"\r\n\r\n0\r\n\r\n")  # a chunked body without a byte
    assert tape.down.count(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204") == requests


def test_tus_client_overrides_every_method_in_mixed_case(
    calm: Server, source: bytes, tmp_path: Path
) -> None:
    tape = recorded(TUS_CLIENT.given(override=True), calm, tmp_path / "file", source[:PAYLOAD])
    heads = re.findall(rb"^([A-Z]+) /files", tape.up, re.MULTILINE)
    overrides = re.findall(rb"(?i)x-http-method-override: (\w+)", tape.up)
    assert heads == [b"POST"] * 3
    assert overrides == [b"Post", b"Head", b"Patch"]


@pytest.mark.parametrize("client", [AIOTUS, TUS_CLIENT, TUS_ASYNC_CLIENT], ids=str)
def test_the_location_that_a_client_needs_is_absolute(
    calm: Server, client: Client, source: bytes, tmp_path: Path
) -> None:
    tape = recorded(client, calm, tmp_path / "file", source[:PAYLOAD])
    assert re.search(rb"location: http://127\.0\.0\.1:\d+/files/\w{32}\r\n", tape.down)


def test_tuspy_sends_metadata_without_any(calm: Server, source: bytes, tmp_path: Path) -> None:
    tape = recorded(TUSPY, calm, tmp_path / "file", source[:PAYLOAD])
    assert re.search(rb"(?i)\r\nupload-metadata: *\r\n", tape.up)


@pytest.mark.parametrize("client", [TUSPY, TUS_JAVA], ids=str)
def test_no_interim_answer_but_100_is_sent_to_those_who_take_it_for_the_last(
    calm: Server, client: Client, source: bytes, tmp_path: Path
) -> None:
    tape = recorded(client, calm, tmp_path / "file", source)
    statuses = re.findall(rb"^HTTP/1\.1 (\d+)", tape.down, re.MULTILINE)
    assert {status for status in statuses if status.startswith(b"1")} <= {b"100"}
    assert set(statuses) - {b"100"} == {b"201", b"204"}
