"""Listings read to their end, page by page."""

from collections.abc import AsyncIterator

from tusline.storage.s3.client import Bucket
from tusline.storage.s3.values import Listed


async def walk(bucket: Bucket, prefix: str) -> AsyncIterator[Listed]:
    """Every object whose key begins with `prefix`, in the order of the keys."""
    after = ""
    while True:
        page = await bucket.keys(prefix, after=after)
        for item in page.found:
            yield item
        after = page.after
        if not after:
            return
