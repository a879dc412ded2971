"""Bodies while they are sent."""

from pathlib import Path

import pytest

from tusline.storage.s3.body import BLOCK, Body, GivenUp, Limit
from tusline.storage.s3.values import FileSlice

DATA = bytes(range(256)) * 3000


@pytest.fixture
def body(tmp_path: Path) -> Body:
    path = tmp_path / "file"
    path.write_bytes(DATA)
    piece = FileSlice(path=path, start=1000, size=len(DATA) - 1000)
    return Body([DATA[:1000], b"", piece], Limit(60))


def rest(body: Body) -> bytes:
    found = b""
    while block := body.read(16):
        assert len(block) <= BLOCK
        found += block
    return found


def test_a_body_can_be_sent_again_from_its_beginning_only(body: Body) -> None:
    assert len(body) == len(DATA)
    body.read()
    body.seek(0)
    assert rest(body) == DATA
    with pytest.raises(ValueError, match="beginning"):
        body.seek(1)


def test_a_body_that_nobody_waits_for_is_not_sent(body: Body) -> None:
    limit = Limit(60)
    body = Body(DATA, limit)
    body.read()
    limit.end()
    with pytest.raises(GivenUp):
        body.read()
