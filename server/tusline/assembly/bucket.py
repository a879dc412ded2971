"""How to reach the bucket that the settings name."""

from tusline.errors import ConfigurationError
from tusline.settings import Settings
from tusline.storage.s3.values import BucketOptions

STYLES = {"auto": None, "true": True, "false": False}


def bucket_options(settings: Settings) -> BucketOptions:
    """Raises ConfigurationError."""
    if settings.s3_bucket is None:
        raise ConfigurationError("TUSLINE_STORE=s3 needs TUSLINE_S3_BUCKET")
    return BucketOptions(
        bucket=settings.s3_bucket,
        endpoint=settings.s3_endpoint,
        prefix=settings.s3_prefix,
        region=settings.s3_region,
        path_style=STYLES[settings.s3_path_style],
        checksums=settings.s3_checksums,
        threads=settings.s3_threads,
        attempts=settings.s3_attempts,
        connect=settings.s3_connect_timeout,
        silence=settings.s3_read_timeout,
        total=settings.s3_timeout,
        long=settings.s3_copy_timeout,
    )
