"""Listings read to their end, page by page."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from tusline.storage.s3.client import Bucket
from tusline.storage.s3.values import Listed, Multipart

T = TypeVar("T")
Item_co = TypeVar("Item_co", covariant=True)


class Page(Protocol[Item_co]):
    """What was found, and where to go on: "" at the end."""

    @property
    def found(self) -> Sequence[Item_co]: ...

    @property
    def after(self) -> str: ...


def walk(bucket: Bucket, prefix: str) -> AsyncIterator[Listed]:
    """Every object whose key begins with `prefix`, in the order of the keys."""
    return _all(lambda after: bucket.keys(prefix, after=after))


def walk_multiparts(bucket: Bucket, prefix: str) -> AsyncIterator[Multipart]:
    """Every multipart upload that is not over, of a key that begins with `prefix`."""
    return _all(lambda after: bucket.multiparts(prefix, after=after))


async def _all(page_after: Callable[[str], Awaitable[Page[T]]]) -> AsyncIterator[T]:
    after = ""
    while True:
        page = await page_after(after)
        for item in page.found:
            yield item
        after = page.after
        if not after:
            return
