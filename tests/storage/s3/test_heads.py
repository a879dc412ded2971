"""The first bytes of an upload, by which its type is told, when the record of them is lost."""

import hashlib

import pytest

from support.s3_faults import refuse
from support.s3_processes import Process
from support.s3_proxy import S3Proxy
from support.s3_servers import PART
from support.uploads import fresh
from tusline.errors import StoreUnavailable
from tusline.upload import HEAD_BYTES, Upload

DATA = hashlib.shake_128(b"heads").digest(3 * PART)


async def begun(process: Process, s3_proxy: S3Proxy) -> Upload:
    """An upload whose first writer sent other bytes, of which none was stored."""
    upload = fresh(length=len(DATA))
    await process.store.remember(upload)
    s3_proxy.play(refuse(400, "InvalidRequest"), "UploadPart")
    writer, ledger = await process.open(upload, 1)
    await writer.write(b"\xee" * PART)
    with pytest.raises(StoreUnavailable):
        await writer.flush()
    writer.abandon()
    return ledger.now


async def recalled(process: Process, known: Upload | None = None) -> tuple[int, bytes]:
    found = await process.store.recall(fresh().id, known)
    assert found is not None
    return found.offset, found.head


async def test_there_are_no_more_first_bytes_than_bytes(
    process: Process, s3_proxy: S3Proxy
) -> None:
    await begun(process, s3_proxy)
    assert await recalled(process) == (0, b"")


@pytest.mark.parametrize("size", [10, PART + 5, 2 * PART])
async def test_they_are_those_of_the_writer_whose_bytes_count(
    process: Process, s3_proxy: S3Proxy, size: int
) -> None:
    upload = await begun(process, s3_proxy)
    await process.written(upload, 2, DATA[:size])
    assert await recalled(process) == (size, DATA[: min(size, HEAD_BYTES)])


@pytest.mark.parametrize("first", [5, HEAD_BYTES - 1])
async def test_they_may_come_with_several_requests(process: Process, first: int) -> None:
    upload = fresh(length=len(DATA))
    await process.store.remember(upload)
    upload = await process.written(upload, 1, DATA[:first])
    await process.written(upload, 2, DATA[first : PART + 5])
    assert await recalled(process) == (PART + 5, DATA[:HEAD_BYTES])


async def test_they_are_read_from_a_finished_object(process: Process) -> None:
    upload = fresh(length=len(DATA))
    await process.store.remember(upload)
    sealed = await process.sealed(await process.written(upload, 1, DATA))
    assert await recalled(process) == (len(DATA), DATA[:HEAD_BYTES])
    assert await recalled(process, sealed) == (len(DATA), DATA[:HEAD_BYTES])
