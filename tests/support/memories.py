"""What outlives Redis: the part of BlobStore that records need after a loss."""

from tusline.upload import Upload, UploadId


class Nothing:
    """A store that never knows of any upload."""

    async def remember(self, upload: Upload) -> None:
        pass

    async def recall(self, id: UploadId, known: Upload | None) -> Upload | None:
        return None


class Remembered:
    """`known` is what it can prove; `asked` are the uploads that it was asked for."""

    def __init__(self) -> None:
        self.known: dict[UploadId, Upload] = {}
        self.asked: list[UploadId] = []

    async def remember(self, upload: Upload) -> None:
        self.known.setdefault(upload.id, upload)

    async def recall(self, id: UploadId, known: Upload | None) -> Upload | None:
        self.asked.append(id)
        return self.known.get(id)
