"""How large parts are: by the length of the upload, since there may be 10,000 of them."""

MIB = 1024 * 1024

LEAST = 5 * MIB
"""Bytes that every part but the last must have, by the rules of S3, and that an object must have
more of for a range of it to be copied."""

NUMBERS = 9_000
"""Parts that an upload is planned to have at most. The store allows 10,000; a number that was
opened is never used again, so some are kept for take-overs."""


def part_size(length: int | None, *, largest: int, least: int) -> int:
    """Bytes of each part but the last: all are equal, as some stores ask.

    `largest` is the longest that an upload of unknown length may get; `least` is the smallest part.
    """
    needed = -(-(largest if length is None else length) // NUMBERS)
    return least if needed <= least else -(-needed // MIB) * MIB
