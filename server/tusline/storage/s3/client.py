"""One bucket, for the event loop: every call in a thread, bounded, tried again, in our own words.

Keys are without the options' prefix, which is put before them here and taken off what is listed.
All calls raise StoreUnavailable (also as Refused or Misconfigured) and StoreFull.
"""

import base64
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tusline.errors import ConfigurationError, StoreUnavailable
from tusline.storage.s3 import listing, reading
from tusline.storage.s3.attempts import Attempts
from tusline.storage.s3.body import Body, Limit
from tusline.storage.s3.faults import NotThere
from tusline.storage.s3.reading import Reader
from tusline.storage.s3.values import (
    PLAIN,
    BucketOptions,
    Content,
    Folders,
    Head,
    Keys,
    Kind,
    Multiparts,
    Part,
    Stored,
)

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client
    from types_boto3_s3.type_defs import CompletedPartTypeDef

BATCH = 1000
"""Keys that one DeleteObjects takes."""

PAGE = 1000
"""Entries that one page of a listing can have."""


class Bucket:
    """Nothing is connected, and boto3 not even imported, before the first call. For one event loop
    at a time."""

    def __init__(self, options: BucketOptions) -> None:
        self._options = options
        self._attempts = Attempts(options)

    async def open(self) -> None:
        """Make the client now: it takes the first caller half a second."""
        await self._attempts.aside(self._attempts.client)

    async def check(self) -> None:
        """Look whether the bucket is there and may be used. Raises ConfigurationError."""
        try:
            await self.keys(limit=1)
        except StoreUnavailable as error:
            place = self._options.endpoint or "AWS"
            raise ConfigurationError(
                f"the bucket {self._options.bucket} of {place} cannot be used: {error.message}"
            ) from error

    def close(self) -> None:
        """Calls under way end by themselves, and nobody waits for them."""
        self._attempts.close()

    # --- objects ---------------------------------------------------------------------------------

    async def put(self, key: str, content: Content, kind: Kind = PLAIN) -> Stored:
        """Store an object, whole or not at all. Raises SpoiltSlice."""

        def ask(client: "S3Client", limit: Limit) -> Stored:
            body = Body(content, limit)
            digest = body.md5()
            sent = self._named(key) | _headers(kind) | self._sent(body, digest)
            answer = client.put_object(**sent)
            return Stored(size=len(body), etag=_etag(answer), md5=digest.hex())

        return await self._attempts.call("PutObject", ask)

    async def get(self, key: str, start: int = 0, stop: int | None = None) -> bytes:
        """Bytes [start, stop) of a small object, or what there is of them. Raises NotThere."""

        def ask(client: "S3Client", limit: Limit) -> bytes:
            reader = Reader(self._named(key), start, stop)
            try:
                return reader.all(client, limit)
            finally:
                reader.close()

        return await self._attempts.call("GetObject", ask)

    def stream(self, key: str, start: int = 0, stop: int | None = None) -> AsyncIterator[bytes]:
        """Bytes [start, stop) of an object, or what there is of them, in pieces. A connection that
        breaks is made anew, as long as the object is the same. Raises NotThere."""
        return reading.stream(self._attempts, Reader(self._named(key), start, stop))

    async def download(self, key: str, path: Path) -> int:
        """Write an object into a file, which is made anew: its size in bytes. Raises NotThere, and
        OSError for what the disk says."""
        return await reading.download(self._attempts, Reader(self._named(key), 0, None), path)

    async def head(self, key: str) -> Head | None:
        """An object's size and type; None when there is none."""

        def ask(client: "S3Client", _: Limit) -> Head:
            answer = client.head_object(**self._named(key))
            return Head(
                size=answer["ContentLength"],
                etag=_etag(answer),
                content_type=answer.get("ContentType"),
            )

        try:
            return await self._attempts.call("HeadObject", ask)
        except NotThere:
            return None

    async def delete(self, keys: Iterable[str]) -> None:
        """Delete objects; some may be gone already. A store may do one after the other, so that a
        thousand take long."""
        names = [self._options.prefix + key for key in keys]
        for begin in range(0, len(names), BATCH):
            batch = names[begin : begin + BATCH]
            step = partial(listing.delete, self._options.bucket, batch)
            await self._attempts.call("DeleteObjects", step, long=True)

    async def keys(self, prefix: str = "", *, after: str = "", limit: int = PAGE) -> Keys:
        """Objects whose key begins with `prefix` and comes after `after`: up to `limit`, and to
        1000."""
        step = partial(listing.keys, self._options, prefix, after, min(limit, PAGE))
        return await self._attempts.call("ListObjectsV2", step)

    async def folders(self, prefix: str = "", *, after: str = "", limit: int = PAGE) -> Folders:
        """What lies between `prefix` and the next slash of the keys below it, slash included."""
        step = partial(listing.folders, self._options, prefix, after, min(limit, PAGE))
        return await self._attempts.call("ListObjectsV2", step)

    async def presign_get(self, key: str, seconds: int, kind: Kind = PLAIN) -> str:
        """An address under which anybody can get the object for so long, told as of `kind`."""
        told = {f"Response{name}": value for name, value in _headers(kind).items()}

        def sign() -> str:
            client = self._attempts.client()
            params = self._named(key) | told
            return client.generate_presigned_url("get_object", Params=params, ExpiresIn=seconds)

        return await self._attempts.aside(sign)

    # --- multipart uploads -----------------------------------------------------------------------

    async def create_multipart(self, key: str, kind: Kind = PLAIN) -> str:
        """Begin a multipart upload: its id. An answer that gets lost leaves one behind that nobody
        knows of."""

        def ask(client: "S3Client", _: Limit) -> str:
            return client.create_multipart_upload(**self._named(key), **_headers(kind))["UploadId"]

        return await self._attempts.call("CreateMultipartUpload", ask)

    async def upload_part(self, key: str, upload_id: str, number: int, content: Content) -> Stored:
        """Raises SpoiltSlice, NotThere when the multipart upload is over."""

        def ask(client: "S3Client", limit: Limit) -> Stored:
            body = Body(content, limit)
            digest = body.md5()
            sent = self._named(key) | self._sent(body, digest)
            answer = client.upload_part(**sent, UploadId=upload_id, PartNumber=number)
            return Stored(size=len(body), etag=_etag(answer), md5=digest.hex())

        return await self._attempts.call("UploadPart", ask)

    async def upload_part_copy(
        self, key: str, upload_id: str, number: int, *, source: str, start: int, stop: int
    ) -> str:
        """Make bytes [start, stop) of an object a part, within the store: its ETag. Raises NotThere
        when the object or the multipart upload is gone."""

        def ask(client: "S3Client", _: Limit) -> str:
            answer = client.upload_part_copy(
                **self._named(key),
                UploadId=upload_id,
                PartNumber=number,
                CopySource={"Bucket": self._options.bucket, "Key": self._options.prefix + source},
                CopySourceRange=f"bytes={start}-{stop - 1}",
            )
            return _bare(answer["CopyPartResult"]["ETag"])

        return await self._attempts.call("UploadPartCopy", ask, long=True)

    async def list_parts(self, key: str, upload_id: str) -> list[Part]:
        """All parts that the store has. Raises NotThere when the multipart upload is over."""
        step = partial(listing.parts, self._named(key) | {"UploadId": upload_id})
        return await self._attempts.call("ListParts", step)

    async def complete_multipart(
        self, key: str, upload_id: str, parts: Sequence[tuple[int, str]]
    ) -> str:
        """Join parts, (number, ETag) in ascending order, into the object: its ETag. Raises NotThere
        when the multipart upload is over, by an attempt whose answer got lost for example: `head`
        tells then."""
        named: list[CompletedPartTypeDef] = [
            {"PartNumber": number, "ETag": f'"{etag}"'} for number, etag in parts
        ]

        def ask(client: "S3Client", _: Limit) -> str:
            answer = client.complete_multipart_upload(
                **self._named(key), UploadId=upload_id, MultipartUpload={"Parts": named}
            )
            return _etag(answer)

        return await self._attempts.call("CompleteMultipartUpload", ask, long=True)

    async def abort_multipart(self, key: str, upload_id: str) -> None:
        """Give a multipart upload up, with its parts; it may be over already."""

        def ask(client: "S3Client", _: Limit) -> None:
            client.abort_multipart_upload(**self._named(key), UploadId=upload_id)

        with suppress(NotThere):
            await self._attempts.call("AbortMultipartUpload", ask)

    async def multiparts(
        self, prefix: str = "", *, after: str = "", limit: int = PAGE
    ) -> Multiparts:
        """Multipart uploads of keys that begin with `prefix`, which are not over."""
        step = partial(listing.multiparts, self._options, prefix, after, min(limit, PAGE))
        return await self._attempts.call("ListMultipartUploads", step)

    # ---------------------------------------------------------------------------------------------

    def _named(self, key: str) -> dict[str, Any]:
        return {"Bucket": self._options.bucket, "Key": self._options.prefix + key}

    def _sent(self, body: Body, digest: bytes) -> dict[str, Any]:
        if not self._options.checksums:
            return {"Body": body}
        return {"Body": body, "ContentMD5": base64.b64encode(digest).decode()}


def _headers(kind: Kind) -> dict[str, Any]:
    given = {
        "ContentType": kind.content_type,
        "CacheControl": kind.cache_control,
        "ContentDisposition": kind.content_disposition,
    }
    return {name: value for name, value in given.items() if value is not None}


def _etag(answer: Any) -> str:
    return _bare(answer["ETag"])


def _bare(etag: str) -> str:
    return etag.strip('"')
