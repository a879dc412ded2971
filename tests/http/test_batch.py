"""Files a batch: the metadata key `batch`, counted by the server."""

from collections.abc import Generator
from pathlib import Path

import pytest

from support import tus
from support.servers import Server, running_server


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    """A server of two files a batch."""
    folder: Path = tmp_path_factory.mktemp("batch")
    with running_server(folder, types="*", max_files=2) as running:
        yield running


def create(server: Server, batch: str, **headers: str) -> tus.Answer:
    return tus.create(server.files, 5, metadata={"batch": batch}, headers=headers)


def test_a_batch_takes_as_many_files_as_the_setting_says(small: Server) -> None:
    first, second = (create(small, "one").headers["location"] for _ in range(2))
    tus.patch(first, 0, b"12345")
    refused = create(small, "one")
    assert (refused.status, refused.code) == (403, "batch-full")
    assert "location" not in refused.headers
    assert create(small, "two").status == 201
    assert tus.create(small.files, 5).status == 201
    assert tus.delete(second).status == 204
    assert create(small, "one").status == 201
    assert create(small, "one").status == 403


def test_a_repeated_creation_counts_once(small: Server) -> None:
    key = {"Idempotency-Key": "0123456789abcdef012345"}
    urls = {create(small, "three", **key).headers["location"] for _ in range(4)}
    assert len(urls) == 1
    assert create(small, "three").status == 201
    assert create(small, "three", **key).headers["location"] in urls
    assert create(small, "three").status == 403


def test_a_batch_outlives_the_server(small: Server) -> None:
    for _ in range(2):
        create(small, "four")
    small.restart()
    assert create(small, "four").status == 403


def test_a_name_of_a_batch_is_bounded_and_an_empty_one_is_none(small: Server) -> None:
    assert create(small, "b" * 128).status == 201
    answer = create(small, "b" * 129)
    assert (answer.status, answer.code) == (400, "bad-batch")
    for _ in range(3):
        assert create(small, "").status == 201
