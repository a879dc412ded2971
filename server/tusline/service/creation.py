"""POST: a new upload, perhaps with its first bytes."""

import secrets

import structlog

from tusline import rules
from tusline.body import Body
from tusline.endings import Ended
from tusline.errors import (
    BadRequest,
    Busy,
    ExpiredUpload,
    RecordsUnavailable,
    TooLarge,
    UnknownUpload,
)
from tusline.interfaces import Begun
from tusline.rules import Creation, Limits
from tusline.service.appending import Appended, Appender
from tusline.service.breaking import refusal_of
from tusline.service.doors import Doors
from tusline.service.joining import Joiner
from tusline.service.lease import Lease
from tusline.service.leases import Leases
from tusline.service.looking import Looker
from tusline.service.settling import Settler
from tusline.upload import OVER, PARTIAL_KEPT, Phase, Upload, UploadId

ID_BYTES = 16
"""Random bytes in an id: 128 bits, so that an id is unguessable (I9). Written in hexadecimal: no
id begins like a command's option, and none differs from another by case alone."""

TRIES = 2
"""Times that a creation is begun: the upload that its key stood for may go at that moment."""

log = structlog.get_logger()


class Creator:
    """Creates uploads; `expires` is their life without progress in seconds, 0 for ever."""

    def __init__(
        self,
        doors: Doors,
        leases: Leases,
        appender: Appender,
        looker: Looker,
        joiner: Joiner,
        settler: Settler,
        *,
        limits: Limits,
        expires: float,
    ) -> None:
        self._doors = doors
        self._leases = leases
        self._appender = appender
        self._looker = looker
        self._joiner = joiner
        self._settler = settler
        self._limits = limits
        self._expires = expires

    async def create(
        self, creation: Creation, body: Body | None, *, owner: str, left: float | None = None
    ) -> Appended:
        """Create an upload and take the body that came with it (None: there is none). A final one
        is joined within the seconds `left` (None: any), or behind the answer.

        A creation that is repeated under its key is answered with the upload that it made before,
        and the body is left alone: the client goes on from that upload's offset. Where that has
        just gone, a new one is made.

        Raises the refusals of `rules.may_name`, `may_create`, `has_room` and `may_repeat`,
        BadRequest for a bad member, BatchFull, and Busy; an upload whose body turns out too long,
        or not to have its checksum, is removed again (CWU-06, CWU-08).
        """
        rules.may_name(creation, owner=owner)
        for _ in range(TRIES):
            known = await self._named(creation, owner)
            if known is not None:
                created = await self._repeated(known, creation)
            elif creation.members:
                created = await self._create_final(creation, owner=owner, left=left)
            else:
                created = await self._create(creation, body, owner=owner)
            if created is not None:
                return created
        raise Busy("the upload of this Idempotency-Key is going", retry_after=1)

    async def _named(self, creation: Creation, owner: str) -> Upload | None:
        """What was created before under this key: it is looked up first, since what refuses a new
        upload (its size, its members, a full disk) does not concern that one."""
        if creation.key is None:
            return None
        return await self._doors.records.named(owner, creation.key)

    async def _create(
        self, creation: Creation, body: Body | None, *, owner: str
    ) -> Appended | None:
        """None: as `_repeated`."""
        rules.may_create(creation, self._limits)
        fresh = self._fresh(creation, owner)
        takes = body is not None or creation.length == 0
        begun = await self._begin(fresh, creation, lease=takes)
        if begun.token is not None:
            return await self._receive(begun, body or Body.empty())
        if begun.upload.id != fresh.id:
            return await self._repeated(begun.upload, creation)
        return Appended(upload=begun.upload, added=0, ended=Ended.COMPLETE)

    async def _begin(self, fresh: Upload, creation: Creation, *, lease: bool) -> Begun:
        free, depth = await self._doors.store.free(), await self._depth()
        rules.has_room(self._limits, length=creation.length, free=free, depth=depth)
        return await self._doors.records.create(
            fresh, lease=lease, key=creation.key, most=self._limits.max_files
        )

    async def _depth(self) -> int:
        """A queue that does not answer refuses nobody: it grows no longer meanwhile, and what is
        uploaded waits in the outbox."""
        try:
            return await self._doors.jobs.depth()
        except RecordsUnavailable as error:
            log.warning("creation.depth_unknown", error=str(error))
            return 0

    async def _receive(self, begun: Begun, body: Body) -> Appended:
        lease = self._leases.lease(begun)
        appended = await self._appender.receive(lease, body, creating=True)
        if appended.ended is Ended.TOO_LONG:
            raise TooLarge("the body is longer than the upload")
        if appended.upload.phase in OVER and appended.error is not None:
            raise appended.error
        return appended

    async def _create_final(
        self, creation: Creation, *, owner: str, left: float | None
    ) -> Appended | None:
        """None: as `_repeated`."""
        measured = await self._joiner.measured(creation, owner=owner)
        rules.may_create(measured, self._limits)
        begun = await self._begin(self._fresh(measured, owner), measured, lease=True)
        if begun.token is None:
            return await self._repeated(begun.upload, creation)
        return await self._join(self._leases.lease(begun), left)

    async def _join(self, lease: Lease, left: float | None) -> Appended:
        settled = await self._settler.settle_held(lease, left=left)
        if settled is not None and settled.phase is Phase.REJECTED:
            raise refusal_of(settled)
        if settled is not None and settled.phase is Phase.EXPIRED:
            raise BadRequest("a partial upload has just gone away", code="unknown-member")
        return Appended(upload=settled or lease.upload, added=0, ended=Ended.COMPLETE)

    async def _repeated(self, upload: Upload, creation: Creation) -> Appended | None:
        """The client has lost the first answer: what still runs for it lets go, as for HEAD. None:
        the upload has just gone, and its key is free."""
        rules.may_repeat(upload, creation)
        try:
            now = await self._looker.offset(upload.id, owner=upload.owner)
        except (UnknownUpload, ExpiredUpload):
            return None
        return Appended(upload=now, added=0, ended=Ended.COMPLETE)

    def _fresh(self, creation: Creation, owner: str) -> Upload:
        now = self._doors.clock.now()
        return Upload(
            id=UploadId(secrets.token_hex(ID_BYTES)),
            owner=owner,
            phase=Phase.RECEIVING,
            length=creation.length,
            offset=0,
            metadata=creation.metadata,
            head=b"",
            journal=(),
            created=now,
            changed=now,
            expires=self._expiry(creation, now),
            version=1,
            batch=rules.batch_of(creation),
            deferred=creation.length is None and not creation.members,
            concat=creation.concat,
            members=creation.members,
        )

    def _expiry(self, creation: Creation, now: float) -> float | None:
        """A final upload lives as long as its members do."""
        if not self._expires or creation.members:
            return None
        if creation.partial and creation.length == 0:
            return now + max(self._expires, PARTIAL_KEPT)
        return now + self._expires
