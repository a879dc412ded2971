"""A disk and records that fail where it hurts: syncs that lose bytes, and silence after it."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

import pytest

from tusline.errors import RecordsUnavailable
from tusline.interfaces import Records
from tusline.service.doors import Doors
from tusline.storage.disk import files, writer
from tusline.upload import Phase, Reason, Upload, UploadId


class FailingSync:
    """`os` on a disk whose next sync of a file fails, and the ones after it lie."""

    def __init__(self) -> None:
        self.failing = False
        self.folders_failing = False

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def fdatasync(self, descriptor: int) -> None:
        if self.failing:
            self.failing = False
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        os.fdatasync(descriptor)

    def fsync(self, descriptor: int) -> None:
        if self.folders_failing:
            self.folders_failing = False
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        os.fsync(descriptor)


class FailingStep:
    """`os` on a disk of which one step fails once."""

    def __init__(self, step: str, number: int) -> None:
        self.failed = False
        self._step = step
        self._number = number

    def __getattr__(self, name: str) -> Any:
        if name == self._step and not self.failed:
            return self._fail
        return getattr(os, name)

    def _fail(self, *_: object) -> None:
        self.failed = True
        raise OSError(self._number, os.strerror(self._number))


class DeafRecords:
    """Records that do not answer when an upload is to end."""

    def __init__(self) -> None:
        self.deaf = False
        self.deaf_after = False
        self._retired = False

    def around(self, doors: Doors) -> Doors:
        self._records = doors.records
        return replace(doors, records=cast(Records, self))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._records, name)

    async def retire(
        self, id: UploadId, phase: Phase, reason: Reason | None, *, token: int | None = None
    ) -> Upload:
        if self.deaf:
            raise RecordsUnavailable("no answer")
        self._retired = True
        return await self._records.retire(id, phase, reason, token=token)

    async def get(self, id: UploadId) -> Upload:
        if self.deaf_after and self._retired:
            raise RecordsUnavailable("no answer")
        return await self._records.get(id)


@contextmanager
def files_synced() -> Iterator[list[int]]:
    """The descriptors whose bytes were synced while the block ran."""
    synced: list[int] = []
    sync_data = files.sync_data

    def noting(descriptor: int) -> None:
        synced.append(descriptor)
        sync_data(descriptor)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "sync_data", noting)
        patch.setattr(writer, "sync_data", noting)
        yield synced
