"""Upload records made for tests."""

from tusline.interfaces import Records
from tusline.upload import Delta, Outcome, Phase, Upload, UploadId, Variant

LEASE_TTL = 60.0
EXPIRES = 3600.0
KEEP_RECORDS = 10_000.0
KEEP_ORIGINALS = 5_000.0
"""Seconds, as the records under test have them."""

VARIANT = Variant(
    name="main", key="variants/x", content_type="image/jpeg", width=4, height=3, size=2
)


def fresh(
    id: str = "upload-0000000000",
    *,
    length: int | None = 10,
    now: float = 1_800_000_000.0,
    expires: float | None = None,
    metadata: str | None = None,
    owner: str = "",
) -> Upload:
    """A record as creation makes it."""
    return Upload(
        id=UploadId(id),
        owner=owner,
        phase=Phase.RECEIVING,
        length=length,
        offset=0,
        metadata=metadata,
        head=b"",
        journal=(),
        created=now,
        changed=now,
        expires=expires,
        version=1,
    )


async def created(records: Records, upload: Upload | None = None) -> tuple[Upload, int]:
    """A record with its first lease: the upload and the token."""
    begun = await records.create(upload or fresh(), lease=True)
    assert begun.token is not None
    return begun.upload, begun.token


async def leased(records: Records, upload: Upload) -> int:
    """The token of another lease."""
    token = (await records.begin(upload.id)).token
    assert token is not None
    return token


async def received(records: Records, id: str = "upload-0000000000") -> Upload:
    """A record that has been finished and waits in the outbox."""
    upload, token = await created(records, fresh(id, length=4))
    await records.commit(upload.id, token, Delta(number=1, added=4, head=b"\xff\xd8\xff\xe0"))
    return await records.finish(upload.id, token, "image/jpeg")


async def ended(records: Records, outcome: Outcome, id: str = "upload-0000000000") -> Upload:
    """A record whose job has ended."""
    upload = await received(records, id)
    job = await records.start_job(upload.id)
    assert job is not None
    return await records.publish(upload.id, job.token, outcome)
