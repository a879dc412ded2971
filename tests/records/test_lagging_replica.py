"""What becomes of uploads when a replica takes over that has not been told everything."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from support.memories import Remembered
from support.redis_servers import RedisServer, running_replica
from support.shared_records import redis_records
from support.uploads import created, leased
from tusline.errors import LeaseLost, UnknownUpload
from tusline.records.redis.records import RedisRecords
from tusline.upload import NOTHING, Delta, Phase, UploadId


@dataclass(frozen=True, slots=True)
class Pair:
    """A server and its replica, and records on each."""

    master: RedisServer
    replica: RedisServer
    before: RedisRecords
    after: RedisRecords

    async def part(self) -> None:
        """The replica, which has everything so far, gets nothing more: later it takes over."""

        def offset(server: RedisServer, name: str) -> str:
            return server.info("replication")[name]

        self.replica.until(
            lambda: (
                offset(self.replica, "slave_repl_offset")
                == offset(self.master, "master_repl_offset")
            ),
            "the replica is in step",
        )
        self.replica.call("REPLICAOF", "NO", "ONE")


@pytest.fixture
async def pair(
    tmp_path: Path, redis_server: RedisServer, memory: Remembered
) -> AsyncGenerator[Pair]:
    with running_replica(redis_server, tmp_path / "replica") as replica:
        async with redis_records(redis_server.url, memory=memory) as before:
            async with redis_records(replica.url, memory=memory) as after:
                yield Pair(redis_server, replica, before, after)


async def test_a_writer_that_knows_more_than_the_replica_ends(
    pair: Pair, memory: Remembered
) -> None:
    upload, token = await created(pair.before)
    await pair.before.commit(upload.id, token, Delta(number=1, added=2))
    await pair.part()
    await pair.before.commit(upload.id, token, Delta(number=2, added=2))

    memory.known[upload.id] = replace(upload, offset=4, token=token)
    await pair.after.commit(upload.id, token, NOTHING)
    assert memory.asked == []
    with pytest.raises(LeaseLost):
        await pair.after.commit(upload.id, token, Delta(number=3, added=2))
    now = await pair.after.get(upload.id)
    assert (now.offset, now.held) == (4, False)
    with pytest.raises(LeaseLost):
        await pair.after.end(upload.id, token, Delta(number=2), "")
    assert memory.asked == [upload.id]
    assert await leased(pair.after, upload) > token


async def test_a_writer_that_ends_knowing_more_than_the_replica_is_told_so(
    pair: Pair, memory: Remembered
) -> None:
    upload, token = await created(pair.before)
    await pair.part()
    await pair.before.commit(upload.id, token, Delta(number=1, added=4))

    memory.known[upload.id] = replace(upload, offset=4, token=token)
    with pytest.raises(LeaseLost):
        await pair.after.end(upload.id, token, Delta(number=1), "")
    assert (await pair.after.get(upload.id)).offset == 4


async def test_a_writer_whose_last_answer_was_lost_goes_on_at_the_replica(
    pair: Pair, memory: Remembered
) -> None:
    upload, token = await created(pair.before)
    await pair.before.commit(upload.id, token, Delta(number=1, added=2))
    await pair.part()
    second = Delta(number=2, added=2, journal=("b",))
    await pair.before.commit(upload.id, token, second)

    assert (await pair.after.commit(upload.id, token, second)).offset == 4
    now = await pair.after.end(upload.id, token, Delta(number=3, added=1), "")
    assert (now.offset, now.journal, memory.asked) == (5, ("b",), [])


async def test_a_newcomer_is_told_no_offset_that_the_replica_made_up(
    pair: Pair, memory: Remembered
) -> None:
    upload, token = await created(pair.before)
    await pair.part()
    await pair.before.commit(upload.id, token, Delta(number=1, added=4))

    memory.known[upload.id] = replace(upload, offset=4, token=token)
    assert (await pair.after.begin(upload.id, want=True)).token is None
    assert memory.asked == []
    assert (await pair.after.begin(upload.id, expect=4)).token is not None


async def test_a_lease_that_the_replica_has_not_seen_is_fenced(
    pair: Pair, memory: Remembered
) -> None:
    upload, first = await created(pair.before)
    await pair.before.end(upload.id, first, NOTHING, "")
    await pair.part()
    second = await leased(pair.before, upload)
    memory.known[upload.id] = replace(upload, offset=0, token=second + 1)
    assert await leased(pair.after, upload) > second
    with pytest.raises(LeaseLost):
        await pair.after.commit(upload.id, second, Delta(number=1, added=1))


async def test_a_lease_that_the_replica_has_not_seen_says_that_the_one_before_it_is_over(
    pair: Pair, memory: Remembered
) -> None:
    upload, first = await created(pair.before)
    await pair.part()
    second = (await pair.before.begin(upload.id, overtake=first)).token
    assert second is not None
    await pair.before.commit(upload.id, second, Delta(number=1, added=4))

    memory.known[upload.id] = replace(upload, offset=4, token=second + 1)
    assert (await pair.after.get(upload.id)).held
    with pytest.raises(LeaseLost):
        await pair.after.commit(upload.id, second, Delta(number=2, added=1))
    now = await pair.after.get(upload.id)
    assert (now.offset, now.held, now.token > second) == (4, False, True)


async def test_a_deletion_that_the_replica_has_not_seen_is_made_up_for(
    pair: Pair, memory: Remembered
) -> None:
    upload, token = await created(pair.before)
    await pair.before.end(upload.id, token, NOTHING, "")
    await pair.part()
    await pair.before.retire(upload.id, Phase.TERMINATED, None)
    memory.known.clear()
    assert (await pair.after.get(upload.id)).phase is Phase.TERMINATED


async def test_a_creation_that_the_replica_has_not_seen_is_recalled(
    pair: Pair, memory: Remembered
) -> None:
    mark = await pair.before.gaps()
    assert await pair.before.close_gaps(mark)
    await pair.part()
    upload, token = await created(pair.before)
    assert (await pair.after.get(upload.id)).owner == upload.owner
    with pytest.raises(LeaseLost):
        await pair.after.commit(upload.id, token, Delta(number=1, added=1))
    with pytest.raises(UnknownUpload):
        await pair.after.get(UploadId("nobody-0000000000"))
    assert memory.asked == [upload.id, "nobody-0000000000"]
