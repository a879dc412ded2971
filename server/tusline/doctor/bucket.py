"""The bucket: everything that uploads ask of it, done once under the deployment's prefix."""

import asyncio
import secrets
from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tusline.assembly.bucket import bucket_options
from tusline.doctor.findings import Finding, Part
from tusline.errors import StoreUnavailable, TuslineError
from tusline.settings import Settings
from tusline.storage.s3 import making
from tusline.storage.s3.client import Bucket
from tusline.storage.s3.faults import Misconfigured
from tusline.storage.s3.values import BucketOptions

CONTENT = b"tusline doctor was here"


async def bucket(settings: Settings) -> list[Finding]:
    """Raises ConfigurationError where none is named."""
    part = Part("bucket")
    if settings.store != "s3":
        return [part.ok("not used: bytes are on the disk")]
    options = bucket_options(settings)
    place = f"{options.bucket} of {options.endpoint or 'AWS'}, under {options.prefix or '/'}"
    store = Bucket(options)
    try:
        await _used(store, f"doctor-{secrets.token_hex(8)}")
    except Misconfigured as error:
        return [part.fault(f"{place}: {error.message}", "mend TUSLINE_S3_* or the AWS credentials")]
    except TuslineError as error:
        return [
            part.fault(
                f"{place}: {error.message}",
                "let these credentials read, write, list "
                "and delete there, and let this host through",
            )
        ]
    finally:
        store.close()
    return [
        part.ok(f"{place}: objects and uploads in parts can be written, read and deleted"),
        *await asyncio.to_thread(lambda: list(_rules(part, options))),
    ]


async def _used(store: Bucket, key: str) -> None:
    """Raises StoreUnavailable."""
    await store.put(key, CONTENT)
    try:
        if await store.get(key) != CONTENT:
            raise StoreUnavailable("what was written is not what is read")
        await store.keys(key)
        upload = await store.create_multipart(key)
        await store.abort_multipart(key, upload)
    finally:
        await store.delete([key])


def _rules(part: Part, options: BucketOptions) -> Iterator[Finding]:
    client: Any = making.make_client(making.make_session(options), options, options.silence)
    try:
        versioning = _asked(lambda: client.get_bucket_versioning(Bucket=options.bucket))
        lifecycle = _asked(lambda: client.get_bucket_lifecycle_configuration(Bucket=options.bucket))
    finally:
        client.close()
    if (versioning or {}).get("Status") == "Enabled":
        yield part.warning(
            "it keeps old versions: deleted uploads go on to cost room",
            "add a lifecycle rule that expires noncurrent versions",
        )
    rules = (lifecycle or {}).get("Rules", [])
    if not any("AbortIncompleteMultipartUpload" in rule for rule in rules):
        yield part.warning(
            "no lifecycle rule is seen that ends incomplete multipart uploads",
            "add one, for more days than TUSLINE_EXPIRES has: what a lost deployment leaves "
            "would cost room for ever",
        )


def _asked(ask: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
    """None where that is not told, or nothing is set."""
    try:
        return ask()
    except (ClientError, BotoCoreError):
        return None
