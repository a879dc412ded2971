"""Final uploads: how long they are, and the step that gives them their members' bytes."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from tusline import concat
from tusline.concat import Standing
from tusline.errors import (
    BytesLost,
    ExpiredUpload,
    LeaseLost,
    MemberLost,
    RejectedUpload,
    StoreUnavailable,
    UnknownUpload,
)
from tusline.interfaces import BlobStore, Clock, Records
from tusline.rules import Creation
from tusline.service.breaking import Breaker
from tusline.service.lease import Lease, SealLedger
from tusline.service.watermarks import Watermarks
from tusline.upload import Delta, Phase, Upload, UploadId

JOINS = 2
"""Joins that copy at a time: they share threads and disk with every other upload's syncs, and a
final upload costs its client no byte."""


class Joiner:
    """Joins the members of final uploads once all of them are complete.

    Members are read without their leases: committed bytes never change, and a member that goes
    away meanwhile fails the copy, which is then judged anew (CAT-22). `max_size` is in bytes.
    """

    def __init__(
        self,
        records: Records,
        store: BlobStore,
        clock: Clock,
        breaker: Breaker,
        watermarks: Watermarks,
        *,
        max_size: int,
    ) -> None:
        self._records = records
        self._store = store
        self._clock = clock
        self._breaker = breaker
        self._watermarks = watermarks
        self._max_size = max_size
        self._turns: tuple[asyncio.AbstractEventLoop, asyncio.Semaphore] | None = None

    async def measured(self, creation: Creation, *, owner: str) -> Creation:
        """A final upload's creation with its length, if that is known yet (CAT-04, CAT-17).

        Raises BadRequest for a member that cannot be one.
        """
        now = self._clock.now()
        members = [
            concat.must_be_partial(member, id, owner=owner, now=now)
            for id, member in zip(
                creation.members, await self._members(creation.members), strict=True
            )
        ]
        return replace(creation, length=concat.total(members))

    async def standing(self, final: Upload) -> Standing:
        """How a final upload's members stand now."""
        return concat.standing(await self._members(final.members), self._clock.now())

    async def unchanged(self, final: Upload) -> bool:
        """Whether members of a pending final upload are missing, and nothing more is known of its
        length: whoever looks at it needs no lease."""
        members = await self._members(final.members)
        if concat.standing(members, self._clock.now()) is not Standing.WAITING:
            return False
        lengths_known = concat.total([member for member in members if member]) is not None
        return final.length is not None or not lengths_known

    async def join(self, lease: Lease) -> bool:
        """Whether every byte is in the pending final upload; False while members are missing.

        A copy that breaks off leaves the offset at 0. Raises ExpiredUpload when a member is gone,
        RejectedUpload when they are too long together, LeaseLost, StoreFull, StoreUnavailable.
        """
        members = await self._living(lease.upload)
        await self._measure(lease, members)
        if concat.standing(members, self._clock.now()) is Standing.WAITING:
            return False
        if not lease.upload.complete:
            await self._copy(lease, await self._synced(lease.upload, members))
        return True

    async def _measure(self, lease: Lease, members: Sequence[Upload]) -> None:
        length = concat.total(members)
        if lease.upload.length is not None or length is None:
            return
        if length > self._max_size:
            raise RejectedUpload(
                f"the members have {length} bytes, the largest upload is {self._max_size} bytes",
                code="concat-too-large",
            )
        await lease.add(Delta(length=length))

    async def _synced(self, final: Upload, members: Sequence[Upload]) -> Sequence[Upload]:
        """The members, every byte of them on the disk: what was never synced may be lost already,
        and read back wrong (I11)."""
        lagging = {member.id: member for member in members if member.synced < member.offset}
        for member in lagging.values():
            await self._watermarks.sync(member)
        if lagging:
            members = await self._living(final)
        if any(member.synced < member.offset for member in members):
            raise StoreUnavailable("a member could not be synced")
        return members

    async def _copy(self, lease: Lease, members: Sequence[Upload]) -> None:
        ledger = JoinLedger(lease)
        lease.saw(b"".join(member.head for member in members))
        try:
            async with self._turn():
                await self._store.concat(lease.upload, members, lease.token, ledger)
        except MemberLost as error:
            await self._give_up(UploadId(error.id))
            raise ExpiredUpload("a member of this final upload is gone") from error
        await ledger.close()

    def _turn(self) -> asyncio.Semaphore:
        """Each life of the application has its own loop, to which its turns belong."""
        loop = asyncio.get_running_loop()
        if self._turns is None or self._turns[0] is not loop:
            self._turns = loop, asyncio.Semaphore(JOINS)
        return self._turns[1]

    async def _give_up(self, id: UploadId) -> None:
        """A member without its bytes was removed meanwhile; or the disk lost them, and then its
        client has to learn of it and send that part again."""
        (member,) = await self._members((id,))
        if member is not None and member.phase is Phase.RECEIVING:
            await self._breaker.give_up(member, BytesLost("a member's bytes are missing"))

    async def _living(self, final: Upload) -> list[Upload]:
        """The members in order. Raises ExpiredUpload when one is gone."""
        found = await self._members(final.members)
        if concat.standing(found, self._clock.now()) is Standing.GONE:
            raise ExpiredUpload("a member of this final upload is gone")
        return [member for member in found if member is not None]

    async def _members(self, ids: Sequence[UploadId]) -> list[Upload | None]:
        found = {id: await self._find(id) for id in dict.fromkeys(ids)}
        return [found[id] for id in ids]

    async def _find(self, id: UploadId) -> Upload | None:
        try:
            return await self._records.get(id)
        except UnknownUpload:
            return None


class JoinLedger(SealLedger):
    """Ends the join when somebody wants the lease: its final upload is being removed."""

    async def record(self, delta: Delta) -> None:
        await super().record(delta)
        if self._lease.wanted and not self._lease.upload.complete:
            raise LeaseLost("the final upload is wanted by another request")
