"""What is no upload id never reaches a host's hook: its database may not take such a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.near import near
from tusline.errors import UnknownUpload
from tusline.headers import Headers
from tusline.hooks import Access, Action
from tusline.http.doorman import Doorman
from tusline.upload import ID, UploadId

RIGHT = st.from_regex(ID, fullmatch=True)


async def asked(text: str) -> list[Access]:
    """What the hook was asked for a request with this id."""
    heard: list[Access] = []

    async def authorize(access: Access) -> str:
        heard.append(access)
        return "ann"

    await Doorman(authorize).admit(Action.LOOK, UploadId(text), Headers([]), None)
    return heard


@pytest.mark.parametrize(
    "text", ["", "../../../../etc/passwd", "a" * 65, "a" * 16 + "\0", "é" * 16]
)
async def test_a_text_that_is_no_id_is_unknown(text: str) -> None:
    with pytest.raises(UnknownUpload):
        await asked(text)


@given(near(RIGHT))
def test_an_id_is_16_to_64_signs_that_need_no_quoting(text: str) -> None:
    signs = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
    assert bool(ID.fullmatch(text)) == (16 <= len(text) <= 64 and set(text) <= signs)


async def test_the_hook_is_asked_about_an_id() -> None:
    (access,) = await asked("a" * 16)
    assert access.id == "a" * 16
