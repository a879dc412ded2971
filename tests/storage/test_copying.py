"""The copy of a file by the kernel, also where that cannot copy ranges, or is not let."""

import errno
import os
import random
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from tusline.errors import BytesLost
from tusline.storage.disk import files

DATA = random.Random(9).randbytes(300_000)
START, SIZE = 1000, 250_000
BEFORE = b"what is there already"

REFUSALS = [errno.EPERM, errno.ENOSYS, errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP]


class Refusing:
    """`os` whose copy_file_range refuses, once it has copied so many bytes, and whose sendfile
    sends a few at a time."""

    def __init__(self, number: int, after: int) -> None:
        self.sent = 0
        self._number = number
        self._left = after

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def copy_file_range(self, source: int, target: int, size: int) -> int:
        if not self._left:
            raise OSError(self._number, os.strerror(self._number))
        copied = os.copy_file_range(source, target, min(size, self._left))
        self._left -= copied
        return copied

    def sendfile(self, target: int, source: int, offset: int | None, size: int) -> int:
        sent = os.sendfile(target, source, offset, min(size, 40_000))
        self.sent += sent
        return sent


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(DATA)
    return path


@pytest.fixture
def target(tmp_path: Path) -> Generator[int]:
    descriptor = os.open(tmp_path / "target", os.O_RDWR | os.O_CREAT)
    os.write(descriptor, BEFORE)
    yield descriptor
    os.close(descriptor)


@pytest.mark.parametrize("after", [0, 100_000])
@pytest.mark.parametrize("number", REFUSALS, ids=errno.errorcode.get)
def test_a_kernel_that_copies_no_ranges_sends_the_file(
    source: Path, target: int, monkeypatch: pytest.MonkeyPatch, number: int, after: int
) -> None:
    refusing = Refusing(number, after)
    monkeypatch.setattr(files, "os", refusing)
    files.copy(source, target, SIZE, start=START)
    assert refusing.sent == SIZE - after
    assert os.pread(target, 10**6, 0) == BEFORE + DATA[START : START + SIZE]


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC], ids=errno.errorcode.get)
def test_any_other_failure_is_told(
    source: Path, target: int, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    refusing = Refusing(number, 100_000)
    monkeypatch.setattr(files, "os", refusing)
    with pytest.raises(OSError, match=os.strerror(number)) as failure:
        files.copy(source, target, SIZE)
    assert (failure.value.errno, refusing.sent) == (number, 0)


def test_a_refusal_to_send_the_file_is_told_and_not_tried_for_ever(
    source: Path, target: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(target: int, source: int, offset: int | None, size: int) -> int:
        raise PermissionError(errno.EPERM, "not here, either")

    refusing = Refusing(errno.EPERM, 0)
    monkeypatch.setattr(refusing, "sendfile", refuse)
    monkeypatch.setattr(files, "os", refusing)
    with pytest.raises(PermissionError):
        files.copy(source, target, SIZE)


@pytest.mark.parametrize("number", [None, errno.EPERM], ids=["copied", "sent"])
def test_bytes_that_are_not_there_are_not_made_up(
    source: Path, target: int, monkeypatch: pytest.MonkeyPatch, number: int | None
) -> None:
    if number is not None:
        monkeypatch.setattr(files, "os", Refusing(number, 0))
    with pytest.raises(BytesLost):
        files.copy(source, target, len(DATA) + 1)
