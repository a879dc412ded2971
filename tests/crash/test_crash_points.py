"""Cut off at every call through every door, and resumed: nothing lost, nothing twice, no litter."""

import shutil
from collections.abc import AsyncGenerator, Callable, Iterator
from pathlib import Path

import pytest
import structlog

from support.fuse import Blow
from support.redis_servers import RedisServer
from tusline_optimizer.pool import ImagePool

from . import appends, endings, joins
from .conftest import COUNT
from .scene import Operation, blow_at

OPERATIONS = [
    appends.Create,
    appends.CreateWithBody,
    appends.CreateEmpty,
    appends.CreateWithKey,
    appends.PatchAtOnce,
    appends.PatchInPieces,
    appends.PatchCutOff,
    appends.DeferredLength,
    appends.PatchVerified,
    appends.TakeOver,
    appends.Overtake,
    appends.OpenedLate,
    appends.OpenedLateAtStart,
    appends.HeadBesidePatch,
    appends.SyncBehind,
    endings.Settle,
    endings.SettleJoining,
    endings.Reject,
    endings.Expire,
    endings.Terminate,
    endings.TerminateReady,
    endings.TerminateBesideOpening,
    endings.TerminateDuringJob,
    endings.Job,
    endings.Sweep,
    joins.Join,
    joins.JoinUnfinished,
    joins.CompleteMember,
    joins.RemoveMember,
]

BACKGROUND = [
    appends.PatchInPieces,
    endings.Settle,
    endings.Terminate,
    endings.Job,
    endings.Sweep,
    joins.Join,
    joins.CompleteMember,
]
"""Operations in which something runs that nobody waits for: what nobody has foreseen goes there."""

CASES = [(kind, blow) for kind in OPERATIONS for blow in (Blow.ONCE, Blow.FOR_GOOD, Blow.CRASH)] + [
    (kind, Blow.UNFORESEEN) for kind in BACKGROUND
]

MOST = 150
"""Points that an operation may have: more would mean that it never gets through."""

FEWEST = 2


@pytest.fixture(scope="module")
async def pool() -> AsyncGenerator[ImagePool]:
    pool = ImagePool(concurrency=1, memory=256 * 1024 * 1024, seconds=20, idle=60)
    yield pool
    await pool.close()


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Thousands of tracebacks, drawn for a terminal, would take half of the time."""
    with structlog.testing.capture_logs():
        yield


@pytest.mark.parametrize(("kind", "blow"), CASES)
async def test_whatever_call_fails_the_client_gets_there_and_no_litter_stays(
    kind: type[Operation],
    blow: Blow,
    folder: Path,
    pool: ImagePool,
    record_property: Callable[[str, object], None],
) -> None:
    point = 1
    while await blow_at(point, blow, kind(), folder / "data", pool):
        shutil.rmtree(folder / "data")
        point += 1
        assert point < MOST, "the operation never gets through untouched"
    assert point > FEWEST
    record_property(COUNT, point - 1)


@pytest.mark.soak
@pytest.mark.timeout(120)
@pytest.mark.parametrize(("kind", "blow"), CASES)
async def test_the_same_is_true_of_records_in_redis(
    kind: type[Operation],
    blow: Blow,
    folder: Path,
    pool: ImagePool,
    redis_server: RedisServer,
    record_property: Callable[[str, object], None],
) -> None:
    point = 1
    while await blow_at(point, blow, kind(), folder / "data", pool, redis_server):
        shutil.rmtree(folder / "data")
        redis_server.call("FLUSHALL")
        point += 1
        assert point < MOST, "the operation never gets through untouched"
    assert point > FEWEST
    record_property(COUNT, point - 1)
