"""A body while it is sent: pieces of memory and of files, behind the face of a file."""

import hashlib
import os
from collections.abc import Iterator
from time import monotonic

from tusline.storage.s3.faults import SpoiltSlice
from tusline.storage.s3.values import Content, FileSlice

BLOCK = 256 * 1024
"""Bytes given at a time: with the 16 KiB that urllib3 asks for, sending costs twice the CPU."""


class GivenUp(Exception):
    """Nobody waits for this call any more."""


class Limit:
    """How long a call may go on: shared by its caller and the thread that works for it."""

    def __init__(self, seconds: float) -> None:
        self._until = monotonic() + seconds

    def end(self) -> None:
        """The caller has left."""
        self._until = 0.0

    def check(self) -> None:
        """Raises GivenUp when the time is over."""
        if monotonic() > self._until:
            raise GivenUp


class Body:
    """Reads like a file, from the beginning after each `seek(0)`. Raises SpoiltSlice when a file is
    not what it should be, GivenUp when the call's time is over.

    Bytes go this way, too: the time for sending a block (and not the whole) is then what counts.
    """

    def __init__(self, content: Content, limit: Limit) -> None:
        pieces = [content] if isinstance(content, bytes) else list(content)
        self._pieces = pieces
        self._limit = limit
        self._size = sum(len(p) if isinstance(p, bytes) else p.size for p in pieces)
        self._blocks = self._all()

    def __len__(self) -> int:
        return self._size

    def read(self, size: int = -1) -> memoryview:
        """The next block, whatever size was asked for: who sends it takes what comes."""
        return next(self._blocks, memoryview(b""))

    def seek(self, offset: int, whence: int = 0) -> int:
        """To the beginning, for another attempt."""
        if offset or whence:
            raise ValueError("a body can only be sent from its beginning")
        self._blocks = self._all()
        return 0

    def md5(self) -> bytes:
        """Of all bytes; slices are compared with what they should be."""
        whole = hashlib.md5(usedforsecurity=False)
        for piece in self._pieces:
            alone = hashlib.md5(usedforsecurity=False)
            expected = piece.md5 if isinstance(piece, FileSlice) else None
            for block in self._of(piece):
                whole.update(block)
                if expected is not None:
                    alone.update(block)
            if isinstance(piece, FileSlice) and expected not in (None, alone.hexdigest()):
                raise SpoiltSlice(piece.path)
        return whole.digest()

    def _all(self) -> Iterator[memoryview]:
        for piece in self._pieces:
            yield from self._of(piece)

    def _of(self, piece: bytes | FileSlice) -> Iterator[memoryview]:
        blocks = _memory(piece) if isinstance(piece, bytes) else _file(piece)
        for block in blocks:
            self._limit.check()
            yield block


def _memory(data: bytes) -> Iterator[memoryview]:
    view = memoryview(data)
    for begin in range(0, len(view), BLOCK):
        yield view[begin : begin + BLOCK]


def _file(piece: FileSlice) -> Iterator[memoryview]:
    try:
        descriptor = os.open(piece.path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise SpoiltSlice(piece.path) from error
    try:
        at, end = piece.start, piece.start + piece.size
        while at < end:
            block = _read(piece, descriptor, min(BLOCK, end - at), at)
            at += len(block)
            yield memoryview(block)
    finally:
        os.close(descriptor)


def _read(piece: FileSlice, descriptor: int, size: int, at: int) -> bytes:
    try:
        block = os.pread(descriptor, size, at)
    except OSError as error:
        raise SpoiltSlice(piece.path) from error
    if not block:
        raise SpoiltSlice(piece.path)
    return block
