"""What the uploader makes of an answer."""

import pytest

from tusline.uploader.verdict import WORDS, Verdict, judge, refusal

TEXT = {"content-type": "text/plain; charset=utf-8"}


@pytest.mark.parametrize("status", [408, 409, 423, 425, 429, 500, 502, 503, 504, 507])
def test_what_may_pass_is_tried_again(status: int) -> None:
    assert judge(status, upload_exists=True) is Verdict.AGAIN
    assert judge(status, upload_exists=False) is Verdict.AGAIN


@pytest.mark.parametrize("status", [404, 410])
def test_an_upload_that_is_gone_starts_anew(status: int) -> None:
    assert judge(status, upload_exists=True) is Verdict.ANEW
    assert judge(status, upload_exists=False) is Verdict.FAIL


@pytest.mark.parametrize("status", [200, 301, 400, 401, 403, 405, 412, 413, 415, 422])
def test_everything_else_is_a_failure(status: int) -> None:
    assert judge(status, upload_exists=True) is Verdict.FAIL


def test_a_refusal_speaks_the_servers_words() -> None:
    refused = refusal(413, TEXT, b"too-large: at most 10 MB" + b" " * 232 + b"\n")
    assert refused.message == "too-large: at most 10 MB"


def test_a_refusal_understands_problem_documents() -> None:
    body = b'{"status": 404, "code": "unknown-upload", "detail": "there is no such upload"}'
    refused = refusal(404, {"content-type": "application/problem+json"}, body)
    assert refused.message == "unknown-upload: there is no such upload"


@pytest.mark.parametrize(
    ("kind", "body"),
    [("text/html", b"<h1>Bad Gateway</h1>"), ("application/json", b"[]"), ("text/plain", b"")],
)
def test_a_refusal_without_usable_words_tells_the_status(kind: str, body: bytes) -> None:
    assert refusal(502, {"content-type": kind}, body).message == "the server answered 502"


def test_a_redirection_tells_the_address_to_use() -> None:
    refused = refusal(301, {"location": "https://example.org/files"}, b"")
    assert "https://example.org/files" in refused.message


def test_a_servers_words_cannot_harm_the_terminal() -> None:
    refused = refusal(400, TEXT, b"bad: \x1b[2J\x07wiped" + b"x" * 1000)
    assert refused.message.isprintable()
    assert len(refused.message) == WORDS


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7.0), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("-1", None)]
)
def test_retry_after_counts_in_seconds_only(header: str, seconds: float | None) -> None:
    assert refusal(503, {"retry-after": header}, b"").retry_after == seconds
