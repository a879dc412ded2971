"""What a store says that no later attempt would change, and what of ours cannot be sent."""

from dataclasses import replace
from pathlib import Path

import boto3
import pytest
from structlog.testing import capture_logs

from support.s3_faults import Fault, answer_instead, refuse
from support.s3_proxy import S3Proxy
from support.s3_servers import S3Server
from tusline.errors import ConfigurationError, StoreFull, TuslineError
from tusline.storage.s3 import making
from tusline.storage.s3.body import Body
from tusline.storage.s3.client import Bucket
from tusline.storage.s3.faults import Meaning, Misconfigured, Refused, SpoiltSlice, meaning
from tusline.storage.s3.values import BucketOptions, FileSlice

FINAL: dict[str, tuple[Fault, type[TuslineError], str]] = {
    "full": (refuse(507, "XMinioStorageFull"), StoreFull, "full"),
    "quota": (refuse(403, "QuotaExceeded"), StoreFull, "full"),
    "denied": (refuse(403, "AccessDenied"), Misconfigured, "credentials"),
    "clock": (refuse(403, "RequestTimeTooSkewed"), Misconfigured, "clocks"),
    "not implemented": (refuse(501, "NotImplemented"), Refused, "NotImplemented"),
}

DELETED = "<DeleteResult><Error><Key>a</Key><Code>{}</Code></Error></DeleteResult>"

MEANINGS = [
    (503, "SlowDown", Meaning.AGAIN),
    (500, "SomethingNew", Meaning.AGAIN),
    (429, "", Meaning.AGAIN),
    (501, "NotImplemented", Meaning.REFUSED),
    (507, "", Meaning.FULL),
    (400, "InvalidPart", Meaning.REFUSED),
    (412, "PreconditionFailed", Meaning.REFUSED),
    (404, "NoSuchKey", Meaning.MISSING),
    (404, "404", Meaning.MISSING),
    (404, "NoSuchBucket", Meaning.SETUP),
    (403, "403", Meaning.SETUP),
    (301, "PermanentRedirect", Meaning.SETUP),
]


@pytest.mark.parametrize(("status", "code", "expected"), MEANINGS)
def test_an_answer_means_one_thing(status: int, code: str, expected: Meaning) -> None:
    assert meaning(status, code) is expected


@pytest.mark.parametrize(("fault", "kind", "told"), FINAL.values(), ids=FINAL)
async def test_a_refusal_for_good_is_told_at_once_and_logged_once(
    bucket: Bucket,
    s3: S3Server,
    s3_proxy: S3Proxy,
    fault: Fault,
    kind: type[TuslineError],
    told: str,
) -> None:
    s3_proxy.play(fault, "PutObject", times=4)
    with capture_logs() as logs, pytest.raises(kind, match=told):
        await bucket.put("a", b"x")
    assert s3_proxy.counts()["PutObject"] == 1
    assert [line["operation"] for line in logs] == ["PutObject"]
    assert not any(secret in str(logs) for secret in s3.credentials.values())


async def test_what_cannot_be_deleted_is_told(bucket: Bucket, s3_proxy: S3Proxy) -> None:
    s3_proxy.play(answer_instead(200, DELETED.format("AccessDenied")), "DeleteObjects")
    with pytest.raises(Misconfigured):
        await bucket.delete(["a"])


@pytest.mark.parametrize(("code", "requests"), [("InternalError", 2), ("NoSuchKey", 1)])
async def test_what_was_not_deleted_is_deleted_again(
    bucket: Bucket, s3_proxy: S3Proxy, code: str, requests: int
) -> None:
    s3_proxy.play(answer_instead(200, DELETED.format(code)), "DeleteObjects")
    await bucket.delete(["a"])
    assert s3_proxy.counts()["DeleteObjects"] == requests


# --- what is wrong with the deployment -----------------------------------------------------------


async def test_a_bucket_that_does_not_exist_is_told(options: BucketOptions) -> None:
    bucket = Bucket(replace(options, bucket="does-not-exist"))
    with pytest.raises(ConfigurationError, match=r"does-not-exist .* the bucket does not exist"):
        await bucket.check()
    bucket.close()


async def test_a_wrong_key_is_told(bucket: Bucket, s3_proxy: S3Proxy) -> None:
    s3_proxy.play(refuse(403, "SignatureDoesNotMatch"), "ListObjectsV2")
    with pytest.raises(ConfigurationError, match="the secret key is wrong"):
        await bucket.check()


async def test_missing_credentials_are_told(
    bucket: Bucket, s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "make_session", lambda _: boto3.session.Session())
    for name in s3.credentials:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/does/not/exist")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/does/not/exist")
    with pytest.raises(ConfigurationError, match="Unable to locate credentials"):
        await bucket.check()


async def test_a_store_that_is_not_there_is_told(options: BucketOptions) -> None:
    bucket = Bucket(replace(options, endpoint="http://127.0.0.1:1", attempts=1))
    with pytest.raises(ConfigurationError, match="Connection refused"):
        await bucket.check()
    bucket.close()


# --- local copies --------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", ["gone", "short", "spoilt"])
async def test_a_local_copy_that_is_not_what_it_should_be_is_not_sent(
    bucket: Bucket, s3_proxy: S3Proxy, tmp_path: Path, wrong: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes({"gone": b"", "short": b"12345678", "spoilt": b"012345678x"}[wrong])
    if wrong == "gone":
        path.unlink()
    md5 = "781e5e245d69b566979b86e28d23f2c7" if wrong == "spoilt" else None
    piece = FileSlice(path=path, start=0, size=10, md5=md5)
    with pytest.raises(SpoiltSlice) as spoilt:
        await bucket.put("a", [b"before", piece])
    assert spoilt.value.path == path
    assert not s3_proxy.calls
    path.write_bytes(b"0123456789")
    await bucket.put("a", [b"before", piece])
    assert await bucket.get("a") == b"before0123456789"


async def test_a_local_copy_that_vanishes_while_it_is_sent_is_no_object(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    md5 = Body.md5

    def vanishing(body: Body) -> bytes:
        digest = md5(body)
        path.unlink()
        return digest

    monkeypatch.setattr(Body, "md5", vanishing)
    with pytest.raises(SpoiltSlice):
        await bucket.put("a", [b"before", FileSlice(path=path, start=0, size=10)])
    assert await bucket.head("a") is None
