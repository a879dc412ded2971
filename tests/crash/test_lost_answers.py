"""An answer of the records that gets lost costs the client a request, and not a minute."""

from pathlib import Path

import pytest

from support.feed import Feed
from support.fuse import Side, fused
from support.house import open_house
from tusline.errors import RecordsUnavailable
from tusline.upload import Phase

DATA = b"1234567890"


class LostAnswer:
    """Implements Fuse: the first answer to a call gets lost."""

    def __init__(self, call: str) -> None:
        self._call = call

    async def reach(self, call: str, side: Side) -> None:
        if call == self._call and side is Side.AFTER:
            self._call = ""
            raise RecordsUnavailable("the answer was lost")


async def test_a_head_finishes_an_upload_whose_last_commit_got_no_answer(tmp_path: Path) -> None:
    fuse = LostAnswer("records.commit")
    async with open_house(tmp_path / "data", wrap=lambda doors: fused(doors, fuse)) as house:
        upload = await house.created(len(DATA))
        with pytest.raises(RecordsUnavailable):
            await house.append(upload.id, 0, Feed().end(DATA))
        told = await house.service.looker.offset(upload.id, owner=None)
        assert (told.offset, told.phase) == (len(DATA), Phase.RECEIVED)
