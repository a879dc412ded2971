"""boto3's client for a bucket, with the settings that were measured to be cheapest."""

import base64
import hashlib
from typing import TYPE_CHECKING, Any, Literal

import boto3
from botocore.config import Config
from botocore.handlers import add_expect_header

from tusline.storage.s3.values import BucketOptions

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

DEFAULT_REGION = "us-east-1"
"""For stores that do not care, but whose requests are signed for a region all the same."""


def make_session(options: BucketOptions) -> boto3.session.Session:
    """Where credentials and the region are found. Raises what botocore raises for bad settings."""
    return boto3.session.Session(region_name=options.region)


def make_client(
    session: boto3.session.Session, options: BucketOptions, silence: float
) -> "S3Client":
    """A client that waits `silence` seconds for an answer. Raises as `make_session` does."""
    config = Config(
        signature_version="s3v4",
        connect_timeout=options.connect,
        read_timeout=silence,
        max_pool_connections=options.threads,
        tcp_keepalive=True,
        retries={"total_max_attempts": 1, "mode": "standard"},  # ours are counted and bounded
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={"addressing_style": _style(options), "payload_signing_enabled": False},
    )
    region = session.region_name or (DEFAULT_REGION if options.endpoint else None)
    client = session.client("s3", endpoint_url=options.endpoint, region_name=region, config=config)
    events = client.meta.events
    events.unregister("before-call.s3", add_expect_header)  # it costs each body a round trip
    events.register("before-call.s3.DeleteObjects", _with_md5)
    return client


def _style(options: BucketOptions) -> Literal["auto", "path", "virtual"]:
    if options.path_style is None:
        return "path" if options.endpoint else "auto"
    return "path" if options.path_style else "virtual"


def _with_md5(params: dict[str, Any], **_: object) -> None:
    """Content-MD5 in place of botocore's CRC32, which some stores do not take for DeleteObjects."""
    digest = hashlib.md5(params["body"], usedforsecurity=False).digest()
    params["headers"]["Content-MD5"] = base64.b64encode(digest).decode()
    params["context"].pop("checksum", None)
