"""POST: a new upload, perhaps with its first bytes."""

import secrets

from tusline import rules
from tusline.body import Body
from tusline.endings import Ended
from tusline.errors import TooLarge
from tusline.rules import Creation, Limits
from tusline.service.appending import Appended, Appender
from tusline.service.doors import Doors
from tusline.service.leases import Leases
from tusline.service.terminating import Terminator
from tusline.upload import Phase, Upload, UploadId

ID_BYTES = 16
"""Random bytes in an id: 128 bits, so that an id is unguessable (I9). Written in hexadecimal: no
id begins like a command's option, and none differs from another by case alone."""


class Creator:
    """Creates uploads; `expires` is their life without progress in seconds, 0 for ever."""

    def __init__(
        self,
        doors: Doors,
        leases: Leases,
        appender: Appender,
        terminator: Terminator,
        *,
        limits: Limits,
        expires: float,
    ) -> None:
        self._doors = doors
        self._leases = leases
        self._appender = appender
        self._terminator = terminator
        self._limits = limits
        self._expires = expires

    async def create(self, creation: Creation, body: Body | None, *, owner: str) -> Appended:
        """Create an upload and take the body that came with it (None: there is none).

        Raises the refusals of `rules.may_create` and `rules.has_room`; an upload whose body turns
        out too long, or not to have its checksum, is removed again (CWU-06, CWU-08).
        """
        rules.may_create(creation, self._limits)
        rules.has_room(
            self._limits,
            length=creation.length,
            free=await self._doors.store.free(),
            depth=await self._doors.jobs.depth(),
        )
        begun = await self._doors.records.create(
            self._fresh(creation, owner), lease=body is not None or creation.length == 0
        )
        if begun.token is None:
            return Appended(upload=begun.upload, added=0, ended=Ended.COMPLETE)
        lease = self._leases.lease(begun)
        appended = await self._appender.receive(lease, body or Body.empty(), length=None)
        if appended.ended is Ended.TOO_LONG:
            await self._terminator.terminate(begun.upload.id, owner=owner)
            raise TooLarge("the body is longer than the upload")
        if appended.error is not None and appended.error.status < 500:
            await self._terminator.terminate(begun.upload.id, owner=owner)
            raise appended.error
        return appended

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
            expires=now + self._expires if self._expires else None,
            version=1,
        )
