"""Uploads during which the server is killed with -9, again and again, and what each kill costs."""

import asyncio
import hashlib
import os
import random
import signal
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from support import tus
from support.clock import HandClock
from support.leftovers import Leftovers, leftovers
from support.line import Line
from support.servers import Server
from support.slow_patch import SlowPatch, unread
from tusline.records.sqlite.records import SqliteRecords
from tusline.storage.disk.layout import Layout
from tusline.upload import Event, UploadId

RATE = 3_000_000.0
"""Bytes a second of the line: slow enough that a kill finds bytes in flight."""

ACKNOWLEDGED_SECONDS = 0.05
"""After this long a kernel has acknowledged what it has: Linux delays that by 40 ms at most."""

IN_FLIGHT = "mid-PATCH, anywhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Where the server dies: `calls` as the fuse of `support.fused_server` takes them, one of
    which is chosen; `in_flight`: while a body is on a slow line."""

    name: str
    calls: tuple[str, ...]
    in_flight: bool = False


POINTS = (
    Point(
        name="durable → commit",
        calls=tuple(f"before records.commit {nth}" for nth in range(1, 6)),
        in_flight=True,
    ),
    Point(name="commit → seal", calls=("before store.sync 1", "before store.seal 1")),
    Point(name="seal → finish", calls=("after store.seal 1", "before records.finish 1")),
    Point(
        name="finish → 204",
        calls=("after records.finish 1", "before jobs.enqueue 1", "after jobs.enqueue 1"),
    ),
    Point(
        name="during the job",
        calls=(
            "after records.start_job 1",
            "before store.put 1",
            "after store.put 1",
            "after store.put 2",
            "before records.publish 1",
        ),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """One death. In bytes of the body, counted from the offset that the next server tells:
    `sent` had gone up the line, `read` the server had taken from the kernel (None: not known),
    `written` were in the file. `in_flight`: the upload was not complete."""

    point: str
    sent: int
    read: int | None
    written: int
    in_flight: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """Where the body stood when the server died, in bytes from the start of the upload."""

    sent: int
    read: int | None


class Ordeal:
    """One upload of `data`. Every offset that anybody is told is remembered, and none may be lower
    later: AssertionError."""

    def __init__(self, server: Server, line: Line, fuse: Path, data: bytes) -> None:
        self._server = server
        self._line = line
        self._fuse = fuse
        self._data = data
        self._told = 0
        self.url = tus.created(server.files, len(data))
        self.id = UploadId(self.url.rpartition("/")[2])

    def strike_in_flight(self, dice: random.Random) -> Kill:
        """Kill from outside, when some share of the rest has gone up the line."""
        rest = len(self._data) - self._head()
        share = dice.randint(1, max(1, rest * 9 // 10))
        with SlowPatch(self._line, self.url, self._told, self._data) as patch:
            patch.wait_for(share)
            self._hear(tus.status(self.url)["offset"])
            os.kill(self._server.pid, signal.SIGSTOP)  # so that it can be looked at
            self._line.stall()
            time.sleep(ACKNOWLEDGED_SECONDS)
            delivered = patch.delivered()
            read = delivered - unread(self._server.port)
            seen = _Seen(sent=max(delivered, patch.sent()), read=read)
            self._server.kill()
        self._line.go()
        return self._restarted(IN_FLIGHT, seen)

    def strike_at(self, point: Point, dice: random.Random) -> Kill:
        """Have the server kill itself at a point."""
        self._head()
        self._fuse.write_text(dice.choice(point.calls))
        watcher = threading.Thread(target=self._watch)
        watcher.start()
        if point.in_flight:
            with SlowPatch(self._line, self.url, self._told, self._data) as patch:
                self._server.wait_for_death()
                seen = _Seen(sent=patch.sent(), read=None)
        else:
            with suppress(OSError, HTTPException):
                self._hear(tus.patch(self.url, self._told, self._data[self._told :]).offset)
            self._server.wait_for_death()
            seen = _Seen(sent=len(self._data), read=len(self._data))
        watcher.join()
        assert not self._fuse.exists(), "the server died elsewhere"
        return self._restarted(point.name, seen)

    def see_through(self) -> None:
        """Send what is left, and look whether all is as if nobody had died."""
        while (offset := self._head()) < len(self._data):
            answer = tus.patch(self.url, offset, self._data[offset:])
            assert answer.status == 204, (answer.status, answer.body)
        outcome = tus.outcome(self.url)
        assert outcome["phase"] == "ready", outcome
        stored = tus.request("GET", self.url).body
        assert hashlib.sha256(stored).digest() == hashlib.sha256(self._data).digest()
        events = timeline(self._server, self.url)
        names = [event.name for event in events if event.detail != "interrupted"]
        assert (names.count("received"), names.count("ready")) == (1, 1), events

    def _restarted(self, point: str, seen: _Seen) -> Kill:
        written = _written(self._server.data, self.id)
        self._server.start()
        after = self._head()
        return Kill(
            point=point,
            sent=seen.sent - after,
            read=None if seen.read is None else seen.read - after,
            written=max(0, written - after),
            in_flight=after < len(self._data),
        )

    def _head(self) -> int:
        self._hear(tus.head(self.url).offset)
        return self._told

    def _hear(self, offset: int) -> None:
        assert offset >= self._told, f"the offset fell from {self._told} to {offset}"
        self._told = offset

    def _watch(self) -> None:
        """Hear what a page would, until the server dies."""
        root, _, id = tus.status_url(self.url).rpartition("/")
        with suppress(OSError, HTTPException):
            for name, data in tus.events(f"{root}/events?ids={id}"):
                if name == "upload":
                    self._hear(data["offset"])


def folder_leftovers(data: Path) -> Leftovers:
    """What lies in the folder of a server and should not, or the other way round."""

    async def compare() -> Leftovers:
        records = _records(data)
        try:
            return await leftovers(Layout(data), records)
        finally:
            records.close()

    return asyncio.run(compare())


def timeline(server: Server, url: str) -> list[Event]:
    """What has happened to an upload, read beside the running server."""

    async def read() -> list[Event]:
        records = _records(server.data)
        try:
            return await records.timeline(UploadId(url.rpartition("/")[2]))
        finally:
            records.close()

    return asyncio.run(read())


def _records(data: Path) -> SqliteRecords:
    """The records, read beside the server."""
    path = Layout(data).records
    records = SqliteRecords(path, HandClock(), lease_ttl=60, expires=0, wait=15)
    records.open(read_only=True)
    return records


def _written(data: Path, id: UploadId) -> int:
    """The size of the upload's file: every writer goes on in the first, if all others are dead."""
    path = Layout(data).extent(id, 0)
    return path.stat().st_size if path.exists() else 0
