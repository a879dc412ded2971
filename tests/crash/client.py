"""A tus client in this process: it remembers what it was told, and resumes as clients do."""

import asyncio

from support.feed import Feed
from support.house import House
from tusline.body import Body
from tusline.errors import Busy
from tusline.rules import Append, Creation
from tusline.service.appending import Appended
from tusline.upload import Upload, UploadId

TRIES = 5


class Client:
    """Uploads `data`. `told` is the highest offset that it was told: none may be lower later."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.id: UploadId | None = None
        self.told = 0

    async def create(
        self,
        house: House,
        *,
        body: bytes | None = None,
        deferred: bool = False,
        key: str | None = None,
    ) -> None:
        """POST, with the first bytes if there is a `body`."""
        creation = Creation(
            length=None if deferred else len(self.data),
            metadata=None,
            body=len(body or b""),
            key=key,
        )
        came = None if body is None else Feed().end(body).body()
        created = await house.service.creator.create(creation, came, owner="")
        self.id = created.upload.id
        self._hear(created.upload.offset)

    async def append(self, house: House, feed: Feed, *, length: int | None = None) -> Appended:
        """PATCH at the offset told last."""
        return await self.patch(house, feed.body(), length=length)

    async def patch(self, house: House, body: Body, *, length: int | None = None) -> Appended:
        assert self.id is not None
        append = Append(offset=self.told, length=length, body=None)
        appended = await house.service.appender.append(self.id, append, body, owner=None)
        self._hear(appended.upload.offset)
        return appended

    async def head(self, house: House) -> Upload:
        """HEAD, again while it is answered 423."""
        assert self.id is not None
        for _ in range(TRIES):
            try:
                upload = await house.service.looker.offset(self.id, owner=None)
            except Busy:
                continue
            self._hear(upload.offset)
            return upload
        raise AssertionError("HEAD stays busy")

    async def resume(self, house: House) -> None:
        """Whatever has happened: HEAD, and PATCH from there, until all is sent."""
        if self.id is None:
            await self.create(house)
        for _ in range(TRIES):
            if (await self.head(house)).complete:
                return
            rest = Feed().end(self.data[self.told :])
            await self.append(house, rest, length=len(self.data))
        raise AssertionError(f"not received after {TRIES} requests")

    async def until(self, house: House, offset: int, appending: "asyncio.Future[Appended]") -> None:
        """Wait until an append has committed so much, or has ended."""
        assert self.id is not None
        while not appending.done() and (await house.bare.records.get(self.id)).offset < offset:
            await asyncio.sleep(0.001)

    def _hear(self, offset: int) -> None:
        assert offset >= self.told, f"the offset fell from {self.told} to {offset}"
        self.told = offset
