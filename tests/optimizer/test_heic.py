"""Photos of iPhones, read where the `heic` extra is installed."""

from base64 import b64decode
from pathlib import Path

import pytest

from tusline_optimizer import images

from .rendering import make, near, pixel, refusal

RED_AND_BLUE = b64decode(
    """
AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAX1tZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAA
AAAAAAAAAAAAACJpbG9jAAAAAERAAAEAAQAAAAABoQABAAAAAAAAAGEAAAAjaWluZgAAAAAAAQAAABVpbmZlAgAA
AAABAABodmMxAAAAAA5waXRtAAAAAAABAAAA/WlwcnAAAADdaXBjbwAAAHZodmNDAQNwAAAAkAAAAAAAHvAA/P34
+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQAqQgEBA3AAAAMAkAAAAwAAAwAeoCCBBZbq5Ka5
uAhoMCAAAAMDIAAAAwAhYgABAAZEAcFzwIkAAAATY29scm5jbHgAAQANAAaAAAAAFGlzcGUAAAAAAAAAQAAAAEAA
AAAoY2xhcAAAAEAAAAABAAAAMAAAAAEAAAAAAAAAAv////AAAAACAAAAEHBpeGkAAAAAAwgICAAAABhpcG1hAAAA
AAAAAAEAAQWBAgMFhAAAAGltZGF0AAAAXSgBrxOA9SeBP//gpUf/utZ4fg8NMT/+88Yj+gax/+L1d24DHYsoDCeJ
RFN4ju5YyxTWGlKz3AqVo6vSar2TaFL+E2j/4CPCeB8gQ94nsb48Udt6v1rvqjKULjKHbg==
"""
)
"""64 x 48 pixels, red on the left and blue on the right: Pillow alone cannot write a HEIC."""


def test_heic_is_unsupported_without_its_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "READS_HEIF", False)
    assert refusal(tmp_path, RED_AND_BLUE) == "unsupported"


def test_heic_is_made_into_other_formats(tmp_path: Path) -> None:
    made = make(tmp_path, RED_AND_BLUE)
    assert made.rendered.size == (64, 48)
    assert made.output().size <= made.size
    assert made.image().format != "HEIF"
    assert near(pixel(made.image(), 0.25, 0.5), (200, 30, 30), by=16)
    assert near(pixel(made.image(), 0.75, 0.5), (30, 30, 200), by=16)
