"""Two processes that find out at once that the records were lost."""

import hashlib

import pytest

from support.s3_processes import Process
from support.uploads import fresh

DATA = hashlib.shake_128(b"two recalls").digest(60)


@pytest.mark.xfail(reason="a recall fences whoever has gone on after the other one", strict=True)
async def test_the_slower_recall_fences_nobody_who_goes_on_by_the_faster_one(
    process: Process,
) -> None:
    upload = fresh(length=1000)
    await process.store.remember(upload)
    await process.written(upload, 1, DATA[:20])
    restored = await process.store.recall(upload.id, None)
    assert restored is not None
    writer, ledger = await process.open(restored, restored.token + 1)
    await writer.write(DATA[20:40])
    writer.store()
    await ledger.until(lambda: ledger.now.offset == 40)
    await process.store.recall(upload.id, None)  # the records have it already: it is dropped
    await writer.write(DATA[40:])
    await writer.flush()
    writer.abandon()
    again = await process.store.recall(upload.id, None)
    assert again is not None
    assert again.offset == 60
