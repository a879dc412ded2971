"""Everything that can go wrong in a deployment, at random, while uploads move."""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from support.line import Line
from support.phones import Phone
from support.programs import Program
from support.redis_servers import RedisServer
from support.s3_faults import Fault, Hold, lose_answer, refuse
from support.s3_proxy import S3Proxy
from tusline.redis.keys import Keys

KEYS = Keys("tusline")

HELD_SECONDS = 20.0
"""Within which a part is on its way, a successor commits, and a held part lands."""

FLUSH_AFTER = 2
"""Take-overs of a frozen writer before Redis is flushed."""


@dataclass(slots=True)
class Storm:
    """Plays `most` faults, one after the other, in the order that `choice` has. `late`: of these so
    many frozen writers, whose UploadPart lands when their successor has committed."""

    choice: random.Random
    phones: Sequence[Phone]
    web: Program
    redis: RedisServer
    line: Line
    bucket: S3Proxy
    most: int
    late: int
    played: Counter[str] = field(default_factory=Counter)

    async def run(self) -> None:
        """Until all are played, or every phone is done."""
        plan = ["late part"] * self.late + self.choice.choices(
            list(self._faults()), k=self.most - self.late - 1
        )
        self.choice.shuffle(plan)
        plan.insert(len(plan) // 2, "flush")
        for name in plan:
            if all(phone.done for phone in self.phones):
                return
            if await (self._late_part() if name == "late part" else self._play(name)):
                self.played[name] += 1

    async def _play(self, name: str) -> bool:
        if name == "flush":
            return await self._flush()
        await self._faults()[name]()
        await asyncio.sleep(self.choice.uniform(0.05, 0.4))
        return True

    def _faults(self) -> dict[str, Callable[[], Awaitable[None]]]:
        return {
            "S3: 500": lambda: self._bucket_fault(refuse(500, "InternalError"), times=2),
            "S3: 503 SlowDown": lambda: self._bucket_fault(refuse(503, "SlowDown"), times=3),
            "S3: answer lost": lambda: self._bucket_fault(lose_answer, times=1),
            "S3: part delayed": self._delayed_part,
            "S3: 200 with error at completion": self._spoilt_completion,
            "Redis: stalled": self._stalled,
            "Redis: connections reset": self._reset,
            "Redis: kill -9, started": self._restarted,
            "web process: kill -9": self._killed,
            "web process: frozen": self._frozen,
            "phone: line broken": self._broken_line,
        }

    # --- S3 --------------------------------------------------------------------------------------

    async def _bucket_fault(self, fault: Fault, *, times: int) -> None:
        operation = self.choice.choice(["PutObject", "UploadPart"])
        self.bucket.play(fault, operation, times=times)

    async def _delayed_part(self) -> None:
        hold = Hold()
        self.bucket.play(hold, "UploadPart")
        asyncio.get_running_loop().call_later(self.choice.uniform(0.5, 3), hold.release)

    async def _spoilt_completion(self) -> None:
        self.bucket.play(refuse(200, "InternalError"), "CompleteMultipartUpload")

    # --- Redis -----------------------------------------------------------------------------------

    async def _stalled(self) -> None:
        await asyncio.to_thread(self.line.stall)
        await asyncio.sleep(self.choice.uniform(0.2, 2.5))
        await asyncio.to_thread(self.line.go)

    async def _reset(self) -> None:
        await asyncio.to_thread(self.line.cut)

    async def _restarted(self) -> None:
        await asyncio.to_thread(self.redis.kill)
        await asyncio.sleep(self.choice.uniform(0, 1))
        await asyncio.to_thread(self.redis.start)

    async def _flush(self) -> bool:
        """When writers have been overtaken before."""
        while self.played["late part"] < FLUSH_AFTER:
            if not await self._late_part():
                return False
            self.played["late part"] += 1
        await asyncio.to_thread(self.redis.call, "FLUSHALL")
        return True

    # --- processes -------------------------------------------------------------------------------

    def _process(self) -> int:
        return self.choice.choice(self.web.children)

    async def _killed(self) -> None:
        os.kill(self._process(), signal.SIGKILL)
        await asyncio.sleep(0.5)

    async def _frozen(self) -> None:
        process = self._process()
        os.kill(process, signal.SIGSTOP)
        await asyncio.sleep(self.choice.uniform(1, 4))
        os.kill(process, signal.SIGCONT)

    async def _broken_line(self) -> None:
        self.choice.choice(self.phones).reconnect()

    async def _late_part(self) -> bool:
        """A process is frozen while a part of it is on its way; the phone goes on elsewhere; then
        the part arrives."""
        hold = Hold()
        rule = self.bucket.play(hold, "UploadPart")
        if not await asyncio.to_thread(hold.arrived.wait, HELD_SECONDS) or hold.call is None:
            rule.times = 0
            return False
        id = hold.call.key.split("/")[1]
        phone = next((one for one in self.phones if one.id == id), None)
        frozen = _owner(hold.peer, self.bucket.port, self.web.children)
        if phone is None or frozen is None:
            hold.release()
            return False
        os.kill(frozen, signal.SIGSTOP)
        try:
            before = await asyncio.to_thread(self._offset, id)
            phone.reconnect()
            overtaken = await self._goes_on(id, before)
        finally:
            hold.release()
            landed = await asyncio.to_thread(hold.done.wait, HELD_SECONDS)
            os.kill(frozen, signal.SIGCONT)
        return overtaken and landed

    async def _goes_on(self, id: str, before: int) -> bool:
        give_up = time.monotonic() + HELD_SECONDS
        while time.monotonic() < give_up:
            if await asyncio.to_thread(self._offset, id) > before:
                return True
            await asyncio.sleep(0.1)
        return False

    def _offset(self, id: str) -> int:
        """What the records say."""
        return int(self.redis.call("HGET", KEYS.upload(id)[0], "offset") or 0)


def _owner(port: int, to: int, processes: Sequence[int]) -> int | None:
    """The process that has the connection from `port` to `to`, both on this machine."""
    inode = _inode(port, to)
    for process in processes:
        folder = f"/proc/{process}/fd"
        for name in os.listdir(folder):
            try:
                if os.readlink(f"{folder}/{name}") == f"socket:[{inode}]":
                    return process
            except FileNotFoundError:
                continue
    return None


def _inode(port: int, to: int) -> str:
    with open("/proc/net/tcp") as table:
        for line in table:
            words = line.split()
            if words[1].endswith(f":{port:04X}") and words[2].endswith(f":{to:04X}"):
                return words[9]
    return ""
