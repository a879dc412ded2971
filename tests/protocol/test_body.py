"""A body ends in time, for one reason, and keeps what came."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from support.checksums import checksum
from tusline.body import Body
from tusline.checksums import Verifier
from tusline.endings import Ended


class Line:
    """A request's receive channel that a test feeds."""

    def __init__(self, *messages: dict[str, Any]) -> None:
        self._queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        for message in messages:
            self._queue.put_nowait(message)

    async def receive(self) -> dict[str, Any]:
        return await self._queue.get()


def piece(data: bytes, *, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": data, "more_body": more}


async def read_all(body: Body) -> list[bytes]:
    pieces = []
    while (data := await body.read()) is not None:
        pieces.append(data)
    return pieces


async def test_a_whole_body_is_complete() -> None:
    body = Body(Line(piece(b"ab"), piece(b""), piece(b"c", more=False)).receive, idle=5, deadline=5)
    assert await read_all(body) == [b"ab", b"c"]
    assert (body.ended, body.whole, body.taken) == (Ended.COMPLETE, True, 3)


async def test_a_lost_connection_keeps_what_came() -> None:
    body = Body(Line(piece(b"ab"), {"type": "http.disconnect"}).receive, idle=5, deadline=5)
    assert await read_all(body) == [b"ab"]
    assert (body.ended, body.whole) == (Ended.DISCONNECTED, False)


async def test_a_silent_client_is_not_waited_for() -> None:
    body = Body(Line(piece(b"ab")).receive, idle=0.05, deadline=30)
    assert await read_all(body) == [b"ab"]
    assert body.ended is Ended.IDLE


async def test_the_deadline_ends_a_body_that_never_stops() -> None:
    async def endless() -> dict[str, Any]:
        await asyncio.sleep(0)
        return piece(b"x")

    body = Body(endless, idle=30, deadline=0.05)
    assert await read_all(body)
    assert body.ended is Ended.DEADLINE
    assert body.left() == 0


async def test_a_deadline_of_zero_is_none() -> None:
    body = Body(Line(piece(b"", more=False)).receive, idle=5, deadline=0)
    assert body.left() is None
    assert await read_all(body) == []
    assert body.ended is Ended.COMPLETE


async def test_a_body_that_is_verified_has_no_deadline_but_may_not_be_silent() -> None:
    """CHK-15."""
    line = Line(piece(b"ab"))
    body = Body(line.receive, idle=0.05, deadline=0.01)
    body.verify_with(Verifier.of_header(checksum(b"ab")))
    await asyncio.sleep(0.02)
    assert await read_all(body) == [b"ab"]
    assert (body.ended, body.left()) == (Ended.IDLE, None)


async def test_a_body_that_is_verified_has_a_deadline_of_its_own() -> None:
    async def endless() -> dict[str, Any]:
        await asyncio.sleep(0)
        return piece(b"x")

    body = Body(endless, idle=30, deadline=30, checksum_deadline=0.05)
    assert (body.left() or 0) > 1
    body.verify_with(Verifier.of_header(checksum(b"x")))
    assert await read_all(body)
    assert body.ended is Ended.DEADLINE


async def test_a_verifier_sees_every_piece_of_a_body() -> None:
    """CHK-03."""
    line = Line(piece(b"ab"), piece(b""), piece(b"c", more=False))
    body = Body(line.receive, idle=5, deadline=5)
    body.verify_with(verifier := Verifier.of_header(checksum(b"abc")))
    assert await read_all(body) == [b"ab", b"c"]
    assert verifier.refusal() is None


async def test_a_stop_from_outside_ends_a_read_that_waits() -> None:
    body = Body(Line().receive, idle=30, deadline=30)
    reading = asyncio.ensure_future(body.read())
    await asyncio.sleep(0)
    body.stop(Ended.LET_GO)
    body.stop(Ended.DRAINED)
    assert await asyncio.wait_for(reading, 5) is None
    assert body.ended is Ended.LET_GO


def sizes(pieces: Iterable[bytes]) -> int:
    return sum(len(data) for data in pieces)


@pytest.mark.parametrize("most", [1, 100])
async def test_draining_after_an_answer_is_bounded(most: int) -> None:
    line = Line(*[piece(b"x" * 10) for _ in range(20)])
    body = Body(line.receive, idle=5, deadline=5)
    await body.drain(seconds=0.05, most=most)
    assert not body.whole
