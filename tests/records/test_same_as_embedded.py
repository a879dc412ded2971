"""Whatever is done to them, records in Redis and records in SQLite say the same."""

import os
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.clock import HandClock
from support.redis_servers import RedisServer
from support.shared_records import redis_records
from support.uploads import (
    EXPIRES,
    KEEP_ORIGINALS,
    KEEP_RECORDS,
    LEASE_TTL,
    VARIANT,
    fresh,
)
from tusline.errors import BatchFull, KeyReused, LeaseLost, StaleJob, UnknownUpload
from tusline.interfaces import Begun, Records
from tusline.records.sqlite.records import SqliteRecords
from tusline.upload import Delta, Job, Outcome, Phase, Reason, Upload, UploadId

STEPS = 150
SEEDS = [int(os.environ["SEED"])] if "SEED" in os.environ else range(4)
REFUSALS = (BatchFull, KeyReused, LeaseLost, StaleJob, UnknownUpload)
REASON = Reason(code="some-code", message="some words")
IDS = [UploadId(f"upload-{number:010}") for number in range(6)]

Act = Callable[[Records], Awaitable[Any]]


class Script:
    """Random calls, with arguments that are often right. It knows tokens from the answers."""

    def __init__(self, seed: int, clock: HandClock) -> None:
        self._random = random.Random(seed)
        self._clock = clock
        self._tokens: dict[UploadId, int] = {}
        self._jobs: dict[UploadId, int] = {}
        self._numbers: dict[UploadId, int] = {}

    def next(self) -> tuple[str, Act]:
        """The name of a call, and how to make it."""
        id = self._random.choice(IDS)
        steps: list[Callable[[UploadId], Act]] = [
            self._create,
            self._begin,
            self._commit,
            self._commit,
            self._end,
            self._finish,
            self._retire,
            self._keep,
            self._job,
            self._job,
        ]
        step = self._random.choice(steps)
        return f"{step.__name__} {id}", step(id)

    def learn(self, answer: Any) -> None:
        """Tokens, from an answer."""
        if isinstance(answer, Begun) and answer.token is not None:
            self._tokens[answer.upload.id] = answer.token
            self._numbers[answer.upload.id] = 0
        if isinstance(answer, Job):
            self._jobs[answer.upload.id] = answer.token

    def _create(self, id: UploadId) -> Act:
        chance = self._random
        upload = replace(
            fresh(id, length=chance.choice([None, 0, 4, 4]), now=self._clock.now()),
            expires=chance.choice([None, self._clock.now() + 50]),
            batch=chance.choice([None, "b"]),
        )
        match chance.randrange(3):
            case 0:
                upload = replace(upload, concat="partial", batch=None)
            case 1:
                members = tuple(chance.choices([one for one in IDS if one != id], k=2))
                upload = replace(
                    upload, concat="final;x", members=members, length=None, expires=None
                )
        lease = chance.random() < 0.5

        async def create(records: Records) -> Any:
            known = [await said(_getting(one), records) for one in (id, *upload.members)]
            if known[0] is not UnknownUpload or not all(map(_can_be_member, known[1:])):
                return None  # the service asks for no such thing
            return await records.create(upload, lease=lease, most=2)

        return create

    def _begin(self, id: UploadId) -> Act:
        chance = self._random
        expect = chance.choice([None, None, 0, 2])
        want = chance.random() < 0.3
        overtake = chance.choice([None, self._tokens.get(id)])
        return lambda records: records.begin(id, expect=expect, want=want, overtake=overtake)

    def _delta(self, id: UploadId) -> Delta:
        chance = self._random
        if chance.random() < 0.2:
            return Delta(number=self._numbers.get(id, 0))
        number = self._numbers.get(id, 0) + chance.choice([1, 1, 1, 1, 0, 2])
        self._numbers[id] = number
        added = chance.choice([0, 2])
        return Delta(
            number=number,
            added=added,
            head=b"ab"[:added],
            journal=(f"{number} {chance.random()}",),
            length=chance.choice([None, None, 4]),
            synced=chance.random() < 0.5,
        )

    def _commit(self, id: UploadId) -> Act:
        token, delta = self._tokens.get(id, 1), self._delta(id)
        return lambda records: records.commit(id, token, delta)

    def _end(self, id: UploadId) -> Act:
        token, delta = self._tokens.get(id, 1), self._delta(id)
        note = self._random.choice(["", "complete"])
        return lambda records: records.end(id, token, delta, note)

    def _finish(self, id: UploadId) -> Act:
        token, kind = self._tokens.get(id, 1), self._random.choice([None, "image/png"])
        return lambda records: records.finish(id, token, kind)

    def _retire(self, id: UploadId) -> Act:
        phase = self._random.choice([Phase.REJECTED, Phase.EXPIRED, Phase.TERMINATED])
        reason = REASON if phase is Phase.REJECTED else None
        token = self._random.choice([None, self._tokens.get(id)])
        return lambda records: records.retire(id, phase, reason, token=token)

    def _keep(self, id: UploadId) -> Act:
        offset = self._random.choice([1, 2, 4])
        acts: list[Act] = [
            lambda records: records.synced(id, offset),
            lambda records: records.drop_original(id),
            lambda records: records.original_dropped(id),
            lambda records: records.forget(id),
            lambda records: _discarded(records, id),
        ]
        return self._random.choice(acts)

    def _job(self, id: UploadId) -> Act:
        token = self._jobs.get(id, 1)
        outcomes = [
            Outcome(phase=Phase.READY, variants=(VARIANT,), sha256="ab"),
            Outcome(phase=Phase.READY),
            Outcome(phase=Phase.FAILED, reason=REASON),
        ]
        outcome = self._random.choice(outcomes)
        acts: list[Act] = [
            lambda records: records.start_job(id),
            lambda records: records.start_job(id),
            lambda records: records.postpone(id, token),
            lambda records: records.publish(id, token, outcome),
        ]
        return self._random.choice(acts)


def _getting(id: UploadId) -> Act:
    return lambda records: records.get(id)


def _can_be_member(found: Any) -> bool:
    return isinstance(found, Upload) and found.partial and found.phase is Phase.RECEIVING


async def _discarded(records: Records, id: UploadId) -> None:
    """Said of uploads that are over only."""
    if (await records.get(id)).phase in (Phase.REJECTED, Phase.EXPIRED, Phase.TERMINATED):
        await records.discarded(id)


async def said(act: Act, records: Records) -> Any:
    """An answer, or the kind of a refusal."""
    try:
        return await act(records)
    except REFUSALS as refusal:
        return type(refusal)


def comparable(answer: Any) -> Any:
    """Without an order that means nothing."""
    match answer:
        case Upload():
            return replace(answer, finals=tuple(sorted(answer.finals)))
        case Begun():
            return replace(answer, upload=comparable(answer.upload))
        case Job():
            return replace(answer, upload=comparable(answer.upload))
        case _:
            return answer


async def all_of(records: Records) -> dict[str, Any]:
    """Everything that the records say."""
    due = await records.due(100)
    told: dict[str, Any] = {
        name: sorted(upload.id for upload in getattr(due, name)) for name in due.__slots__
    }
    told["pending"] = sorted((await records.pending(after="", limit=100))[0])
    for id in IDS:
        told[id] = comparable(await said(_getting(id), records))
        told[f"events of {id}"] = await records.timeline(id)
    return told


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def both(
    tmp_path: Path, redis_server: RedisServer, clock: HandClock
) -> AsyncGenerator[tuple[Records, Records]]:
    embedded = SqliteRecords(
        tmp_path / "r.db",
        clock,
        lease_ttl=LEASE_TTL,
        expires=EXPIRES,
        wait=15,
        keep_records=KEEP_RECORDS,
        keep_originals=KEEP_ORIGINALS,
    )
    embedded.open()
    async with redis_records(redis_server.url, clock) as shared:
        yield embedded, shared
    embedded.close()


@pytest.mark.parametrize("seed", SEEDS)
async def test_records_in_redis_and_in_sqlite_say_the_same(
    both: tuple[Records, Records], clock: HandClock, seed: int
) -> None:
    embedded, shared = both
    script, chance = Script(seed, clock), random.Random(seed)
    done: list[str] = []
    for _ in range(STEPS):
        name, act = script.next()
        done.append(name)
        answers = [comparable(await said(act, records)) for records in both]
        assert answers[1] == answers[0], done[-10:]
        script.learn(answers[0])
        clock.forward(chance.choice([0, 1, 10, LEASE_TTL, EXPIRES, KEEP_RECORDS]))
        assert await all_of(shared) == await all_of(embedded), done[-10:]
