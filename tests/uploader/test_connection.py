"""Every request ends in time, whatever the line does."""

import io
import threading
import time

import pytest

from support.line import Line
from support.scripted import Say, ScriptedServer
from tusline.uploader.connection import Body, Connection, SourceChanged
from tusline.uploader.patience import Stopped
from tusline.uploader.verdict import LineLost, Refused


def body(size: int, seconds: float, stop: threading.Event | None = None) -> Body:
    return Body(io.BytesIO(bytes(size)), size, seconds, stop or threading.Event())


def test_a_silent_server_is_left_in_time(server: ScriptedServer, connection: Connection) -> None:
    with Line(server.port) as line:
        line.stall()
        began = time.monotonic()
        with pytest.raises(LineLost, match="no answer"):
            connection.ask("HEAD", f"{line.url}/files/id0", seconds=0.3)
        assert 0.2 < time.monotonic() - began < 2


def test_a_line_too_slow_for_its_body_is_left_in_time(
    server: ScriptedServer, connection: Connection
) -> None:
    server.script["PATCH"].append(Say(status=503))  # an answer that comes after the whole body
    with Line(server.port, rate=1_000_000) as line:
        began = time.monotonic()
        with pytest.raises(LineLost, match="line too slow"):
            connection.ask(
                "PATCH", f"{line.url}/files/id0", body=body(20_000_000, 0.5), seconds=0.5
            )
        assert 0.4 < time.monotonic() - began < 3


def test_a_redirection_is_told_and_not_followed(
    server: ScriptedServer, connection: Connection
) -> None:
    elsewhere = {"Location": f"{server.files}/elsewhere"}
    server.script["POST"].append(Say(status=307, headers=elsewhere))
    assert connection.ask("POST", server.files).status == 307
    assert len(server.requests) == 1


def test_an_address_that_is_none_is_refused(connection: Connection) -> None:
    with pytest.raises(Refused):
        connection.ask("GET", "http://[broken/")


def test_a_body_is_handed_over_whole_and_in_order() -> None:
    data = bytes(range(256)) * 300
    stream = io.BytesIO(b"before" + data + b"after")
    stream.seek(6)
    whole = Body(stream, len(data), 60, threading.Event())
    assert len(whole) == len(data)
    assert b"".join(whole) == data


def test_a_body_stops_between_two_slices() -> None:
    stop = threading.Event()
    slices = iter(body(100_000, 60, stop))
    next(slices)
    stop.set()
    with pytest.raises(Stopped):
        next(slices)


def test_a_body_that_ends_too_early_is_a_changed_file() -> None:
    short = Body(io.BytesIO(b"short"), 10, 60, threading.Event())
    with pytest.raises(SourceChanged, match="shorter"):
        list(short)
