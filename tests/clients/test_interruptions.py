"""Real clients in mid-upload when the line is cut, and the server killed or restarted."""

import os
import random
from pathlib import Path

import pytest

from support.clients import (
    AIOTUS,
    TUS_ASYNC_CLIENT,
    TUS_CLIENT,
    TUS_JAVA,
    TUS_JS,
    TUSPY,
    Client,
)
from support.line import Line
from support.servers import Server
from support.troubles import Strike, Trouble, judge, upload_under

pytestmark = [pytest.mark.clients, pytest.mark.timeout(180)]

RATE = 1_500_000.0
"""Bytes a second: the file takes two seconds, so that a short deadline strikes as well."""

AGAIN = {"retries": 20, "retry_delay": 1}

GOING_ON = [
    TUSPY.given(**AGAIN),
    TUSPY.given(**AGAIN, chunk_size=700_000, upload_checksum=True),
    TUSPY.given(**AGAIN, **{"async": True}),
    TUSPY.given(**AGAIN, **{"async": True}, chunk_size=700_000, upload_checksum=True),
    TUS_JS,
    TUS_JS.given(uploadDataDuringCreation=True),
    TUS_JS.given(uploadLengthDeferred=True, chunkSize=400_000),
    TUS_JS.given(parallelUploads=3),
    AIOTUS,
    AIOTUS.given(parts=3),
    TUS_CLIENT.given(tries=20),
    TUS_CLIENT.given(tries=20, override=True),
    TUS_ASYNC_CLIENT.given(tries=20),
]
"""Clients, and options with which they go on after a break."""

FIVE_ATTEMPTS = [TUS_JAVA, TUS_JAVA.given(requestPayloadSize=256 * 1024)]
"""They go on, but within 6.5 seconds."""

GIVING_UP = [TUSPY, TUSPY.given(**{"async": True}), TUS_CLIENT, TUS_ASYNC_CLIENT]
"""Clients as their documents have them, which do not try again."""


@pytest.mark.parametrize("trouble", list(Trouble), ids=str)
@pytest.mark.parametrize("client", GOING_ON + FIVE_ATTEMPTS, ids=str)
def test_a_client_goes_on_and_every_byte_arrives(
    calm: Server, client: Client, trouble: Trouble, source: bytes, path: Path
) -> None:
    with Line(calm.port, rate=RATE) as line:
        outcome = upload_under(client, calm, line, path, Strike(at=1_200_000, trouble=trouble))
    judge(calm, source, outcome)
    assert outcome.struck == 1
    assert outcome.ended.done, outcome.ended.words


@pytest.mark.parametrize("trouble", list(Trouble), ids=str)
@pytest.mark.parametrize("client", GIVING_UP, ids=str)
def test_a_client_that_gives_up_says_so_and_its_bytes_are_right(
    calm: Server, client: Client, trouble: Trouble, source: bytes, path: Path
) -> None:
    with Line(calm.port, rate=RATE) as line:
        outcome = upload_under(client, calm, line, path, Strike(at=1_200_000, trouble=trouble))
    judge(calm, source, outcome)
    assert not outcome.ended.done


@pytest.mark.parametrize("server", ["calm", "hasty"])
@pytest.mark.parametrize("client", GOING_ON + FIVE_ATTEMPTS, ids=str)
def test_whatever_happens_no_client_calls_wrong_bytes_done(
    request: pytest.FixtureRequest, client: Client, server: str, source: bytes, path: Path
) -> None:
    struck: Server = request.getfixturevalue(server)
    seed = int(os.environ.get("SEED", random.randrange(10**6)))
    dice = random.Random(seed)
    places = sorted(dice.sample(range(1_000, len(source)), 3))
    strikes = [Strike(at=at, trouble=dice.choice(list(Trouble))) for at in places]
    with Line(struck.port, rate=RATE) as line:
        outcome = upload_under(client, struck, line, path, *strikes)
    happened = f"seed {seed}: {', '.join(map(str, strikes[: outcome.struck]))}"
    print(f"\n{client}: {happened}; {'done' if outcome.ended.done else 'failed'}")
    judge(struck, source, outcome)
    assert outcome.ended.done or client in FIVE_ATTEMPTS, f"{happened}\n{outcome.ended.words}"
