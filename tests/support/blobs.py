"""Uploads written into a blob store, sealed, joined and read back."""

from dataclasses import replace

from support.ledgers import ListLedger
from support.uploads import fresh
from tusline.interfaces import BlobStore, Writer
from tusline.upload import Upload, UploadId


async def opened(store: BlobStore, upload: Upload, token: int) -> tuple[Writer, ListLedger]:
    ledger = ListLedger()
    return await store.open(upload, token, ledger), ledger


async def written(store: BlobStore, upload: Upload, token: int, data: bytes) -> Upload:
    """The upload after one append of `data`, everything committed."""
    writer, ledger = await opened(store, upload, token)
    await writer.write(data)
    await writer.flush()
    writer.abandon()
    return upload.grown(ledger.told)


async def content(store: BlobStore, key: str, start: int = 0, stop: int = 10**9) -> bytes:
    return b"".join([piece async for piece in store.read(key, start, stop)])


async def sealed(store: BlobStore, upload: Upload) -> Upload:
    """The upload with all that its seal has journalled."""
    ledger = ListLedger()
    await store.seal(upload, 9, ledger)
    return upload.grown(ledger.told)


async def original(store: BlobStore, upload: Upload) -> bytes:
    return await content(store, store.original(await sealed(store, upload)))


async def member(store: BlobStore, name: str, data: bytes, *cuts: int) -> Upload:
    """A complete upload of `data`, sent by writers of which each found the last one frozen."""
    upload = fresh(f"member-{name:0>10}", length=len(data))
    writers = []
    starts = [0, *cuts]
    for token, (start, stop) in enumerate(zip(starts, [*cuts, len(data)], strict=True), 1):
        ledger = ListLedger()
        writers.append(await store.open(upload, token, ledger))
        await writers[-1].write(data[start:stop])
        await writers[-1].flush()
        upload = upload.grown(ledger.told)
        ledger.fenced = True
        await writers[-1].write(b"\xee" * 30)
    for writer in writers:
        writer.abandon()
    return upload


def final_of(*members: Upload) -> Upload:
    ids = tuple(UploadId(member.id) for member in members)
    length = sum(member.offset for member in members)
    return replace(fresh("final-0000000000", length=length), concat="final;...", members=ids)


async def joined(store: BlobStore, final: Upload, *members: Upload, token: int = 1) -> Upload:
    ledger = ListLedger()
    await store.concat(final, members, token, ledger)
    return final.grown(ledger.told)
