"""Early answers by kind of client: a short 204 goes only to those who seek."""

import pytest

from tusline.endings import Ended, early_answer, seeks
from tusline.headers import Headers


def headers(**values: str) -> Headers:
    return Headers(
        [(name.replace("_", "-").encode(), value.encode()) for name, value in values.items()]
    )


@pytest.mark.parametrize(
    "client",
    [
        headers(origin="https://example.org", user_agent="Mozilla/5.0"),
        headers(sec_fetch_mode="cors"),
        headers(user_agent="python-requests/2.34.2"),
        headers(user_agent="Python/3.11 aiohttp/3.14.5"),
        headers(user_agent="App/1 CFNetwork/1410.0.3 Darwin/22.6.0"),
    ],
)
def test_clients_that_take_their_offset_from_the_answer_are_known(client: Headers) -> None:
    assert seeks(client)


@pytest.mark.parametrize(
    "client",
    [
        headers(),
        headers(user_agent="Java/17.0.15", transfer_encoding="chunked"),
        headers(origin="https://example.org", transfer_encoding="chunked"),
        headers(user_agent="curl/8"),
        headers(user_agent="reqwest/0.12"),
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
