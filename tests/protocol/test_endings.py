"""Early answers by kind of client: a short 204 goes only to those who seek."""

import pytest

from tusline.endings import Ended, early_answer, seeks
from tusline.headers import Headers

REQUESTS = "user-agent: python-requests/2.34.2, accept: */*"
AIOHTTP = "accept: */*, user-agent: Python/3.11 aiohttp/3.14.5"
TUSPY = "upload-offset: 0, content-type: application/offset+octet-stream, tus-resumable: 1.0.0"
OTHER = "content-type: application/offset+octet-stream, upload-offset: 0, tus-resumable: 1.0.0"
AIOTUS = "tus-resumable: 1.0.0, upload-offset: 0, content-length: 9, content-type: x"
BROWSER = "origin: https://example.org, sec-fetch-mode: cors, user-agent: Mozilla/5.0"


def headers(*lines: str) -> Headers:
    """Headers in the order in which a client sends them."""
    pairs = [line.split(": ") for line in ", ".join(lines).split(", ")]
    return Headers([(name.encode(), value.encode()) for name, value in pairs])


@pytest.mark.parametrize(
    "client",
    [
        headers(REQUESTS, TUSPY, "content-length: 9"),
        headers(REQUESTS, TUSPY, "authorization: x", "content-length: 9"),
        headers("host: a", TUSPY, AIOHTTP, "content-length: 9"),
        headers("host: a", AIOTUS, AIOHTTP),
    ],
    ids=["tuspy", "tuspy with a header of its user", "tuspy, async", "aiotus"],
)
def test_clients_that_take_their_offset_from_the_answer_are_known(client: Headers) -> None:
    assert seeks(client)


@pytest.mark.parametrize(
    "client",
    [
        headers("host: a"),
        headers(REQUESTS, OTHER),
        headers("host: a", OTHER, AIOHTTP),
        headers(REQUESTS, AIOTUS),
        headers("user-agent: curl/8", TUSPY),
        headers(REQUESTS, TUSPY, "transfer-encoding: chunked"),
        headers(BROWSER, OTHER),
        headers("user-agent: App/1 CFNetwork/1410.0.3 Darwin/22.6.0", OTHER),
        headers("user-agent: Java/17.0.15, transfer-encoding: chunked", OTHER),
    ],
    ids=[
        "nothing known",
        "pytus, and scripts with requests",
        "scripts with aiohttp",
        "requests in the order of aiotus",
        "curl in the order of tuspy",
        "a body of unknown length",
        "a browser: react-uploady goes on from its own position",
        "an app on iOS",
        "tus-java-client",
    ],
)
def test_nobody_else_is_trusted_to_seek(client: Headers) -> None:
    assert not seeks(client)


@pytest.mark.parametrize("ended", [Ended.DEADLINE, Ended.DRAINED])
def test_a_short_204_needs_progress_and_a_client_that_seeks(ended: Ended) -> None:
    for progressed in (True, False):
        for seeking in (True, False):
            answer = early_answer(ended, progressed=progressed, seeking=seeking)
            assert answer is not None
            assert answer.status == (204 if progressed and seeking else 503)
            assert answer.linger


@pytest.mark.parametrize("ended", [Ended.LET_GO, Ended.LEASE_LOST])
def test_who_is_overtaken_is_told_so_at_once(ended: Ended) -> None:
    answer = early_answer(ended, progressed=True, seeking=True)
    assert answer is not None
    assert (answer.status, answer.linger) == (423, False)


def test_nobody_is_answered_who_is_gone() -> None:
    assert early_answer(Ended.DISCONNECTED, progressed=True, seeking=True) is None


@pytest.mark.parametrize("ended", list(Ended))
def test_an_early_end_is_never_told_as_a_success_without_progress(ended: Ended) -> None:
    answer = early_answer(ended, progressed=False, seeking=True)
    assert answer is None or answer.status >= 400
