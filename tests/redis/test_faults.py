"""What error replies mean."""

import pytest

from tusline.redis.facts import parse
from tusline.redis.faults import Meaning, ReplyError, meaning

OLD = (
    "ERR Error running script (call to f_6b1bf486c81ceb7edf3c093f4c48582e38c0e791): "
    "@user_script:1: @user_script: 1: -READONLY You can't write against a read only replica."
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("NOSCRIPT No matching script. Please use EVAL.", Meaning.LOAD),
        ("LOADING Redis is loading the dataset in memory", Meaning.LATER),
        ("BUSY Redis is busy running a script.", Meaning.LATER),
        ("MISCONF Errors writing to the AOF file: No space left on device", Meaning.LATER),
        ("OOM command not allowed when used memory > 'maxmemory'.", Meaning.LATER),
        ("CLUSTERDOWN Hash slot not served", Meaning.LATER),
        ("TRYAGAIN Multiple keys request during rehashing of slot", Meaning.LATER),
        (
            "READONLY You can't write against a read only replica. script: f, on @user_script:1.",
            Meaning.ELSEWHERE,
        ),
        (OLD, Meaning.ELSEWHERE),
        ("MASTERDOWN Link with MASTER is down", Meaning.ELSEWHERE),
        ("MOVED 3999 127.0.0.1:6381", Meaning.MOVED),
        ("ASK 3999 127.0.0.1:6381", Meaning.ASK),
        ("WRONGTYPE Operation against a key holding the wrong kind of value", Meaning.FAIL),
        ("CROSSSLOT Keys in request don't hash to the same slot", Meaning.FAIL),
        ("ERR user_script:1: READONLY is what an upload was called", Meaning.FAIL),
        ("ERR unknown command", Meaning.FAIL),
    ],
)
def test_an_error_reply_has_a_meaning(text: str, expected: Meaning) -> None:
    assert meaning(ReplyError(text)) is expected


def test_a_server_that_tells_no_run_id_is_none() -> None:
    with pytest.raises(ValueError, match="run_id"):
        parse(b"# Server\r\nredis_version:7.0.0\r\n")
