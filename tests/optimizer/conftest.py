"""What holds in a child process holds for tests that run its steps in their own."""

import warnings
from collections.abc import Iterator

import pytest
from PIL import Image


@pytest.fixture(autouse=True)
def like_a_child(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="PIL")
        yield
