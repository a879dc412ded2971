"""Upload records made for tests."""

from tusline.upload import Phase, Upload, UploadId


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
