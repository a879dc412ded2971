"""Hostile connections played against a server, and what must be true of each of them."""

import asyncio
import re
import socket
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass

from support import tus
from support.wire import Malformed, Unfinished, answers

from .mutations import Case, End

TOGETHER = 64
"""Connections at a time."""

FIRST_SECONDS = 0.2
"""After this long without an answer the last request is sent, which asks for the end."""

STOP_SECONDS = 1.2
"""The same for a client that says nothing more: longer than the server waits for bytes."""

MISTAKEN_SECONDS = 3.0
"""And after this long once more: the first may have been the end of what came before, a trailer."""

HANG_SECONDS = 15.0
"""A connection that is still open then hangs. In a heap of requests waits for a lease add up."""

LAST = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
CANARY_TEXT = b"the canary must not sing"

WAITED = frozenset({"body-idle", "deadline"})
"""Codes of a 503 to a client that let its body wait."""


class Wrong(Exception):
    """What the server did is not what it may do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What came back. `lost`: the connection was reset, so that bytes of an answer may lack."""

    received: bytes
    ended: bool
    lost: bool


async def play(case: Case, port: int) -> Played:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    received, ended, lost = bytearray(), True, False
    if case.end is End.RESET:
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, tus.RESET_ON_CLOSE)
    try:
        with suppress(ConnectionError):
            for piece in case.pieces:
                writer.write(piece)
                await writer.drain()
        if case.end in (End.READ, End.STOP):
            await _until_closed(reader, writer, received, case.end)
    except ConnectionError:
        lost = True
    except TimeoutError:
        ended = False
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
    return Played(received=bytes(received), ended=ended, lost=lost)


async def _until_closed(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, received: bytearray, end: End
) -> None:
    """Read; then send a last request that asks for the end of the connection, and read on.

    Raises TimeoutError when it does not end, ConnectionError when it is reset.
    """
    wait = STOP_SECONDS if end is End.STOP else FIRST_SECONDS
    with suppress(TimeoutError):
        async with asyncio.timeout(wait):
            while piece := await reader.read(65536):
                received += piece
                if end is End.READ:
                    break
            else:
                return
    for seconds in (MISTAKEN_SECONDS, HANG_SECONDS):
        writer.write(LAST)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while piece := await reader.read(65536):
                    received += piece
                return
    raise TimeoutError


def judge(case: Case, played: Played) -> Counter[str]:
    """The statuses that came, with the codes of our own refusals. Raises Wrong."""
    if not played.ended:
        raise Wrong(f"the connection hangs; so far came {played.received[-300:]!r}")
    if CANARY_TEXT in played.received:
        raise Wrong("a file outside of the folder was told")
    try:
        found = answers(played.received, to_head=b"HEAD" in case.sent.upper())
    except Malformed as error:
        raise Wrong(f"no HTTP: {error}") from error
    except Unfinished as error:
        if not played.lost:
            raise Wrong(f"the answer ends early: {error}") from error
        return Counter({"lost": 1})
    came = Counter[str]()
    for answer in found:
        code = answer.body.partition(b":")[0].decode("latin-1")
        if answer.status >= 500 and not (answer.status == 503 and code in WAITED):
            raise Wrong(f"{answer.status}: {answer.body[:200]!r}")
        if "set-cookie" in answer.headers:
            raise Wrong("a header was smuggled into an answer")
        ours = answer.status >= 400 and CODE.fullmatch(code)
        came[f"{answer.status} {code}" if ours else str(answer.status)] += 1
    return came or Counter({"closed": 1})


CODE = re.compile("[a-z-]+")
BAD_LINE = re.compile(r'Traceback|request\.failed|Exception|"level": "(error|critical)"|outside:')
LINE_LENGTH = 2000


def bad_lines(log: str) -> list[str]:
    """Lines of a server's log that tell of a fault, or that a stranger could write."""
    return [
        line[:3000]
        for line in log.splitlines()
        if BAD_LINE.search(line) or len(line) > LINE_LENGTH or not line.isprintable()
    ]
