"""Real clients on a slow line, whose requests the deadline ends again and again."""

from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from support.clients import TUS_JAVA, Client
from support.line import Line
from support.servers import Server, running_server
from support.troubles import Outcome, deadlines, judge, judged, upload_under

from .conftest import SHORT
from .groups import AT_ONCE, DISTRUSTED, SEEKING, SPARED, STEPPING, STRUCK

pytestmark = [pytest.mark.clients, pytest.mark.timeout(240)]

SLOW = 500_000.0
"""Bytes a second: six seconds for the file, or three deadlines."""

SLOWER = 95_000.0
"""Bytes a second: 32 seconds for the file, so that the default deadline strikes."""


@pytest.mark.parametrize("client", STRUCK + STEPPING, ids=str)
def test_a_client_gets_through_a_short_deadline_that_strikes(
    hasty: Server, client: Client, path: Path
) -> None:
    outcome = judged(client, hasty, path, rate=SLOW)
    assert outcome.ended.done, outcome.ended.words
    assert deadlines(hasty, outcome.uploads) >= 2
    if client in SEEKING:
        assert not outcome.ended.words


@pytest.mark.parametrize("client", SPARED, ids=str)
def test_small_or_checksummed_requests_never_meet_a_deadline(
    hasty: Server, client: Client, path: Path
) -> None:
    outcome = judged(client, hasty, path, rate=SLOW)
    assert outcome.ended.done, outcome.ended.words
    assert deadlines(hasty, outcome.uploads) == 0


@pytest.mark.parametrize("client", DISTRUSTED, ids=str)
def test_a_client_that_does_not_seek_fails_at_the_deadline_and_says_so(
    hasty: Server, client: Client, path: Path
) -> None:
    outcome = judged(client, hasty, path, rate=SLOW)
    assert not outcome.ended.done
    assert "503" in outcome.ended.words


def test_tus_java_client_gives_up_after_five_deadlines_and_goes_on_when_started_again(
    hasty: Server, path: Path
) -> None:
    outcome = judged(TUS_JAVA.given(runs=2), hasty, path, rate=SLOW / 2)
    assert outcome.ended.done
    assert outcome.ended.words.count("gave up") == 1
    assert len(outcome.uploads) == 1


def test_tus_java_client_is_spared_where_the_deadline_is_lifted_for_chunked_bodies(
    path: Path,
) -> None:
    with running_server(
        path.parent, request_deadline=SHORT, deadline_chunked=False, types="*"
    ) as server:
        outcome = judged(TUS_JAVA, server, path, rate=SLOW)
        assert outcome.ended.done, outcome.ended.words
        assert deadlines(server, outcome.uploads) == 0


@pytest.fixture(scope="module")
def at_once(
    calm: Server, source: bytes, tmp_path_factory: pytest.TempPathFactory
) -> Generator[dict[Client, Future[Outcome]]]:
    """All clients upload together, each on a line of its own, for longer than the default
    deadline."""
    path = tmp_path_factory.mktemp("slower") / "source.bin"
    path.write_bytes(source)

    def upload(client: Client) -> Outcome:
        with Line(calm.port, rate=SLOWER) as line:
            return upload_under(client, calm, line, path)

    with ThreadPoolExecutor(len(AT_ONCE)) as threads:
        yield {client: threads.submit(upload, client) for client in AT_ONCE}


@pytest.mark.parametrize("client", AT_ONCE, ids=str)
def test_a_client_gets_through_the_default_deadline(
    calm: Server, at_once: dict[Client, Future[Outcome]], client: Client, source: bytes
) -> None:
    outcome = at_once[client].result()
    judge(calm, source, outcome)
    assert outcome.ended.done, outcome.ended.words
    assert (deadlines(calm, {outcome.id}) > 0) is (client in STRUCK)
