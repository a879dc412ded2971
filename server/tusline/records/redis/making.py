"""How an upload gets into the shared records, step by step: each may be the last one of a process
that dies, and each may be done again."""

from dataclasses import replace

from tusline.interfaces import Begun
from tusline.records.redis import fields, library
from tusline.records.redis.batches import Batches
from tusline.records.redis.claims import Claims
from tusline.records.redis.shelf import Shelf
from tusline.upload import Upload


class Maker:
    """Makes records."""

    def __init__(self, shelf: Shelf, claims: Claims, batches: Batches) -> None:
        self._shelf = shelf
        self._claims = claims
        self._batches = batches

    async def create(
        self, upload: Upload, *, lease: bool, key: str | None, most: int | None
    ) -> Begun:
        """As `Records.create`. The key comes first, for it says under which id everything else is
        done; the record comes last, for it is what others can see. Raises BatchFull, KeyReused,
        and what the store raises."""
        claim: tuple[str, ...] = ()
        if key is not None:
            claimed = await self._claims.claim(upload, key)
            if isinstance(claimed, Upload):
                return Begun(upload=claimed, token=None)
            upload = replace(upload, id=claimed)
            claim = ("claim", self._shelf.keys.claim(upload.owner, key))
        if most is not None and upload.batch is not None:
            await self._batches.take(upload, most)
        await self._shelf.memory.remember(upload)
        await self._shelf.list_final(upload)
        reply = await self._shelf.call(
            library.CREATE, upload.id, int(lease), *fields.of_upload(upload), *claim
        )
        token = reply[5]
        return Begun(upload=fields.to_upload(upload.id, reply), token=int(token) if token else None)
