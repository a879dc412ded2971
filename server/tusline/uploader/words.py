"""Text for a person's eyes: amounts, and names and messages that cannot harm a terminal."""

import math

from rich.filesize import decimal


def of(part: int, whole: int) -> str:
    """Two amounts in bytes as words: `2.1 MB of 4.9 MB`."""
    return f"{decimal(part)} of {decimal(whole)}"


def resumed(offset: int, size: int) -> str:
    """How an upload goes on, in bytes: `going on at 2.1 MB of 4.9 MB`."""
    return f"going on at {of(offset, size)}" if offset < size else "is there already"


def soon(seconds: float) -> str:
    """When the next try is: `now`, `in 3 s`."""
    return f"in {math.ceil(seconds)} s" if seconds >= 1 else "now"


def printable(text: str) -> str:
    """The text on one line, without control characters (a server or a file name may hold some)."""
    return "".join(sign if sign.isprintable() else " " for sign in text).strip()
