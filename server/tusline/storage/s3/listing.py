"""Listings of a bucket, a page at a time, and deletions by the thousand; in a thread."""

from typing import TYPE_CHECKING, Any

from tusline.storage.s3.body import Limit
from tusline.storage.s3.faults import Failed, Fault, Meaning, meaning
from tusline.storage.s3.values import (
    BucketOptions,
    Folders,
    Keys,
    Listed,
    Multipart,
    Multiparts,
    Part,
)

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

AFTER_SLASH = "0"
"""The character behind the slash: what begins with a folder's name comes before `folder` + this."""

PARTS = 1000
"""Parts of a page."""

PER_KEY_STATUS = 400
"""Errors of single keys have a code but no status; it decides nothing by itself."""


def keys(
    options: BucketOptions, prefix: str, after: str, limit: int, client: "S3Client", _: Limit
) -> Keys:
    answer = client.list_objects_v2(**_asked(options, prefix, after), MaxKeys=limit)
    found = [
        Listed(
            key=entry["Key"].removeprefix(options.prefix),
            size=entry["Size"],
            etag=entry["ETag"].strip('"'),
        )
        for entry in answer.get("Contents", [])
    ]
    return Keys(found=tuple(found), after=found[-1].key if answer["IsTruncated"] else "")


def folders(
    options: BucketOptions, prefix: str, after: str, limit: int, client: "S3Client", _: Limit
) -> Folders:
    beyond = after and after[:-1] + AFTER_SLASH
    answer = client.list_objects_v2(**_asked(options, prefix, beyond), Delimiter="/", MaxKeys=limit)
    found = [
        entry["Prefix"].removeprefix(options.prefix) for entry in answer.get("CommonPrefixes", [])
    ]
    return Folders(found=tuple(found), after=found[-1] if answer["IsTruncated"] else "")


def _asked(options: BucketOptions, prefix: str, after: str) -> dict[str, Any]:
    asked = {"Bucket": options.bucket, "Prefix": options.prefix + prefix}
    return asked | ({"StartAfter": options.prefix + after} if after else {})


def parts(named: dict[str, Any], client: "S3Client", limit: Limit) -> list[Part]:
    found: list[Part] = []
    marker = 0
    while True:
        limit.check()
        answer = client.list_parts(**named, PartNumberMarker=marker, MaxParts=PARTS)
        found += [
            Part(number=part["PartNumber"], size=part["Size"], etag=part["ETag"].strip('"'))
            for part in answer.get("Parts", [])
        ]
        if not answer.get("IsTruncated"):
            return found
        marker = answer["NextPartNumberMarker"]


def multiparts(
    options: BucketOptions, prefix: str, after: str, limit: int, client: "S3Client", _: Limit
) -> Multiparts:
    asked: dict[str, Any] = {"Bucket": options.bucket, "Prefix": options.prefix + prefix}
    if after:
        id, _space, key = after.partition(" ")
        asked |= {"KeyMarker": options.prefix + key, "UploadIdMarker": id}
    answer = client.list_multipart_uploads(**asked, MaxUploads=limit)
    found = [
        Multipart(
            key=entry["Key"].removeprefix(options.prefix),
            upload_id=entry["UploadId"],
            begun=entry["Initiated"],
        )
        for entry in answer.get("Uploads", [])
    ]
    more = answer.get("IsTruncated") and found
    return Multiparts(
        found=tuple(found), after=f"{found[-1].upload_id} {found[-1].key}" if more else ""
    )


def delete(bucket: str, names: list[str], client: "S3Client", _: Limit) -> None:
    answer = client.delete_objects(
        Bucket=bucket, Delete={"Objects": [{"Key": name} for name in names], "Quiet": True}
    )
    for error in answer.get("Errors", []):
        code = error.get("Code", "")
        what = meaning(PER_KEY_STATUS, code)
        if what is not Meaning.MISSING:
            raise Failed(
                Fault(meaning=what, reason=code, said=f"{code} {error.get('Message', '')}")
            )
