"""A proxy before an S3 server that counts every request, and plays faults for chosen ones.

It runs in a thread of its own and is steered by plain calls, from tests and benchmarks; its clients
may be any number of processes. They name buckets in paths, and sign for the proxy's address, which
the server behind it is told.
"""

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

from support.s3_exchange import BUFFER, HOST, Exchange, StoreConnection
from support.s3_faults import Fault, Rule, no_fault
from support.s3_messages import Call, read_head

START_SECONDS = 10.0


class S3Proxy:
    """From `port` (its own) to the server on `to`. `calls` holds every request whose head came, in
    that order."""

    def __init__(self, to: int) -> None:
        self.to = to
        self.port = 0
        self.calls: list[Call] = []
        self._latency = 0.0
        self._rate: float | None = None
        self._free_at = 0.0
        self._rules: list[Rule] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._carried: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._thread = threading.Thread(target=self._run, name="s3-proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(START_SECONDS), "the proxy did not start"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(START_SECONDS)

    @property
    def endpoint(self) -> str:
        return f"http://{HOST}:{self.port}"

    def play(
        self, fault: Fault, operation: str, *, key: str = "", skip: int = 0, times: int = 1
    ) -> Rule:
        """Play a fault for requests to come. Of several rules for a request the oldest counts."""
        rule = Rule(fault=fault, operation=operation, key=key, skip=skip, times=times)
        with self._lock:
            self._rules.append(rule)
        return rule

    def heal(self) -> None:
        """Play no fault any more, but for those that have begun."""
        with self._lock:
            self._rules.clear()

    def slow(self, *, latency: float = 0.0, rate: float | None = None) -> None:
        """Have each request wait so many seconds, and all bodies together pass at so many bytes a
        second (None: as fast as they can)."""
        self._latency, self._rate = latency, rate

    def counts(self) -> Counter[str]:
        """Requests by operation."""
        return Counter(call.operation for call in tuple(self.calls))

    # --- in the proxy's thread -------------------------------------------------------------------

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._take, HOST, 0, limit=BUFFER)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Nothing else would keep the task of a client that has gone: it would vanish, and with it
        a request that still has to have its effect."""
        task = asyncio.create_task(self._carry(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        store, lasts = StoreConnection(self.to), True
        try:
            while lasts and (head := await read_head(reader)):
                exchange = Exchange(head, (reader, writer), store, self._go_by)
                self.calls.append(exchange.call)
                await asyncio.sleep(self._latency)
                await self._fault_for(exchange.call)(exchange)
                lasts = exchange.lasts
        except (ConnectionError, asyncio.IncompleteReadError):
            writer.transport.abort()
        except asyncio.CancelledError:  # the proxy stops; asyncio would complain of the task
            pass
        finally:
            store.close()
            writer.close()

    def _fault_for(self, call: Call) -> Fault:
        with self._lock:
            for rule in self._rules:
                if rule.take(call.operation, call.key):
                    return rule.fault
        return no_fault

    async def _go_by(self, blocks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Blocks at the proxy's rate, all connections together."""
        async for block in blocks:
            if self._rate is not None:
                now = self._loop.time()
                self._free_at = max(now, self._free_at) + len(block) / self._rate
                await asyncio.sleep(self._free_at - now)
            yield block
