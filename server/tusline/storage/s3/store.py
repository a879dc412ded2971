"""The BlobStore on S3 and its compatibles."""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tusline.interfaces import Ledger
from tusline.storage.s3 import names
from tusline.storage.s3.building import FOREVER, MANIFEST, Builder, Means
from tusline.storage.s3.joining import Copier
from tusline.storage.s3.journal import Journal
from tusline.storage.s3.manifest import Manifest
from tusline.storage.s3.recalling import Recaller
from tusline.storage.s3.sealing import Sealer
from tusline.storage.s3.values import FileSlice, Kind
from tusline.storage.s3.walking import walk
from tusline.storage.s3.writer import Buffering, S3Writer
from tusline.upload import STORED, Phase, Upload, UploadId


class S3Store:
    """Implements BlobStore in a bucket. `scratch` is a local folder for copies that are read."""

    def __init__(self, means: Means, buffers: Buffering, *, scratch: Path) -> None:
        self._means = means
        self._bucket = means.bucket
        self._buffers = buffers
        self._scratch = scratch
        self._sealer = Sealer(means)
        self._copier = Copier(means, self._sealer)
        self._recaller = Recaller(means)

    # --- unfinished uploads ------------------------------------------------------------------

    async def open(self, upload: Upload, token: int, ledger: Ledger) -> S3Writer:
        builder = Builder(upload, token, ledger, self._means)
        await builder.take_over()
        return S3Writer(builder, ledger, self._buffers)

    async def concat(
        self, upload: Upload, members: Sequence[Upload], token: int, ledger: Ledger
    ) -> None:
        await self._copier.concat(upload, members, token, ledger)

    async def sync(self, upload: Upload) -> None:
        """What is committed is in the store."""

    async def seal(self, upload: Upload, token: int, ledger: Ledger) -> None:
        await self._sealer.seal(upload, token, ledger)

    async def remember(self, upload: Upload) -> None:
        key = names.manifest(upload.id, upload.token)
        await self._bucket.put(key, Manifest(upload=upload).to_bytes(), MANIFEST)

    async def recall(self, id: UploadId, known: Upload | None) -> Upload | None:
        return await self._recaller.recall(id, known)

    # --- what goes ---------------------------------------------------------------------------

    async def discard(self, upload: Upload) -> None:
        """The manifests first: without one nobody takes the rest for an upload."""
        await self._delete(names.manifests(upload.id))
        await self._abort(upload)
        await self._delete(names.folder(upload.id))
        await self._means.segments.clear(upload.id, Journal())

    async def drop_original(self, upload: Upload) -> None:
        await self._delete(names.large_original(upload.id))

    async def tidy(self, upload: Upload) -> bool:
        if upload.phase not in STORED:
            return False
        litter = [
            item.key
            async for item in walk(self._bucket, names.folder(upload.id))
            if not self._counts(upload, item.key)
        ]
        if litter:
            await self._bucket.delete(litter)
        return await self._abort(upload) or bool(litter)

    def _counts(self, upload: Upload, key: str) -> bool:
        """Whether an object belongs to a finished upload. While there is a job, it may name any
        variant."""
        if key.startswith(names.manifests(upload.id)):
            return True
        if key.startswith(names.variant(upload, "")):
            working = upload.phase in (Phase.RECEIVED, Phase.OPTIMIZING)
            return working or any(key == variant.key for variant in upload.variants)
        return key == self.original(upload) and not upload.original_gone

    async def _abort(self, upload: Upload) -> bool:
        """Multipart uploads that were begun and never completed; whether there was any."""
        page = await self._bucket.multiparts(names.folder(upload.id))
        for one in page.found:
            await self._bucket.abort_multipart(one.key, one.upload_id)
        return bool(page.found)

    async def _delete(self, prefix: str) -> None:
        keys = [item.key async for item in walk(self._bucket, prefix)]
        if keys:
            await self._bucket.delete(keys)

    async def stored(self, *, after: str, limit: int) -> tuple[list[UploadId], str]:
        page = await self._bucket.folders(names.UPLOADS, after=after, limit=limit)
        return [names.owner_of(folder) for folder in page.found], page.after

    # --- what is finished --------------------------------------------------------------------

    def original(self, upload: Upload) -> str:
        original = Journal.of(upload).original
        return original.key if original else names.large_original(upload.id)

    async def read(self, key: str, start: int, stop: int) -> AsyncIterator[bytes]:
        async for piece in self._bucket.stream(key, start, stop):
            yield piece

    @asynccontextmanager
    async def local(self, key: str) -> AsyncGenerator[Path]:
        self._scratch.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=self._scratch, prefix="local-") as folder:
            path = Path(folder) / "object"
            await self._bucket.download(key, path)
            yield path

    async def put(self, upload: Upload, name: str, source: Path, content_type: str) -> str:
        key = names.variant(upload, name)
        size = await asyncio.to_thread(os.path.getsize, source)
        content = [FileSlice(path=source, start=0, size=size)]
        await self._bucket.put(key, content, Kind(content_type=content_type, cache_control=FOREVER))
        return key

    async def free(self) -> int | None:
        return None
