"""Media types by content."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tusline.settings import IMAGE_TYPES
from tusline.sniff import KINDS, sniff
from tusline.upload import HEAD_BYTES


def box(*brands: bytes) -> bytes:
    body = b"ftyp" + brands[0] + b"\0\0\0\0" + b"".join(brands[1:])
    return (len(body) + 4).to_bytes(4, "big") + body


def test_the_types_that_are_accepted_unasked_are_those_that_can_be_told() -> None:
    assert set(IMAGE_TYPES) == KINDS


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\xff\xd8\xff\xe1", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"GIF87a", "image/gif"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\0\0\0\0WAVEfmt ", None),
        (box(b"avif", b"mif1"), "image/avif"),
        (box(b"mif1", b"avif"), "image/avif"),
        (box(b"heic", b"mif1"), "image/heic"),
        (box(b"isom", b"mp42"), None),
        (b"", None),
        (b"%!PS-Adobe", None),
        (b"<svg", None),
    ],
)
def test_each_kind_is_known_by_its_first_bytes(head: bytes, kind: str | None) -> None:
    assert sniff(head) == kind


@given(st.binary(max_size=HEAD_BYTES))
def test_any_bytes_have_an_answer(head: bytes) -> None:
    assert sniff(head) in {None, *KINDS}
    assert sniff(b"\0\0\0\x20ftyp" + head) in {None, "image/avif", "image/heic"}
