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
from support.troubles import Strike, Trouble, judge, judged, upload_under

pytestmark = [pytest.mark.clients, pytest.mark.timeout(180)]

RATE = 1_500_000.0
"""Bytes a second: the file takes two seconds, so that a short deadline strikes as well."""

AGAIN = {"retries": 50, "retry_delay": 1}

PATIENT = [
    TUSPY.given(**AGAIN),
    TUSPY.given(**AGAIN, chunk_size=700_000, upload_checksum=True),
    TUSPY.given(**AGAIN, **{"async": True}),
    TUSPY.given(**AGAIN, **{"async": True}, chunk_size=700_000, upload_checksum=True),
    TUS_JS.given(retryDelays=[0, *[1000] * 50]),
    AIOTUS.given(retry_attempts=50, max_retry_period_seconds=5),
    AIOTUS.given(retry_attempts=50, max_retry_period_seconds=5, parts=3),
    TUS_CLIENT.given(tries=100),
    TUS_CLIENT.given(tries=100, override=True),
    TUS_ASYNC_CLIENT.given(tries=100),
]
"""Clients, and options with which they go on after any break."""

HURRIED = [
    TUS_JS,
    TUS_JS.given(uploadDataDuringCreation=True),
    TUS_JS.given(uploadLengthDeferred=True, chunkSize=400_000),
    TUS_JS.given(parallelUploads=3),
    AIOTUS,
    TUS_JAVA,
    TUS_JAVA.given(requestPayloadSize=256 * 1024),
]
"""They go on as well, but not if a server is away for longer, or if much happens: tus-java-client
tries five times in 6.5 seconds, tus-js-client in 9 without progress."""

PATIENCE = 5.0
"""Seconds that any of them waits for a server."""

GIVING_UP = [TUSPY, TUSPY.given(**{"async": True}), TUS_CLIENT, TUS_ASYNC_CLIENT]
"""Clients as their documents have them, which do not try again."""


@pytest.mark.parametrize("trouble", list(Trouble), ids=str)
@pytest.mark.parametrize("client", PATIENT + HURRIED, ids=str)
def test_a_client_goes_on_and_every_byte_arrives(
    calm: Server, client: Client, trouble: Trouble, path: Path
) -> None:
    outcome = judged(client, calm, path, Strike(at=1_200_000, trouble=trouble), rate=RATE)
    assert outcome.struck == 1
    hopeless = client in HURRIED and outcome.down > PATIENCE
    assert outcome.ended.done or hopeless, outcome.ended.words


@pytest.mark.parametrize("trouble", list(Trouble), ids=str)
@pytest.mark.parametrize("client", GIVING_UP, ids=str)
def test_a_client_that_gives_up_says_so_and_its_bytes_are_right(
    calm: Server, client: Client, trouble: Trouble, path: Path
) -> None:
    outcome = judged(client, calm, path, Strike(at=1_200_000, trouble=trouble), rate=RATE)
    assert not outcome.ended.done


@pytest.mark.parametrize("server", ["calm", "hasty"])
@pytest.mark.parametrize("client", PATIENT + HURRIED, ids=str)
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
    assert outcome.ended.done or client in HURRIED, f"{happened}\n{outcome.ended.words}"
