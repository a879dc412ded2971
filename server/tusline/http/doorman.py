"""Who is asking, and what may they see? (I9)"""

from dataclasses import dataclass

import structlog

from tusline.errors import AccessUnavailable, TuslineError, Unauthorized, UnknownUpload
from tusline.headers import Headers
from tusline.hooks import Access, Action, Authorize
from tusline.upload import ID, UploadId

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """`owner` is written into what the caller creates; `sees` limits what it finds (None: all)."""

    owner: str
    sees: str | None


ANYBODY = Caller(owner="", sees=None)
"""The caller where no hook asks for rights: the unguessable id is key enough."""


class Doorman:
    """Asks the host's `authorize` hook, before a body is read."""

    def __init__(self, authorize: Authorize | None) -> None:
        self._authorize = authorize

    async def admit(
        self, action: Action, id: UploadId | None, headers: Headers, peer: str | None
    ) -> Caller:
        """Raises UnknownUpload for what is no id (X-22): no hook need expect such a text. Raises
        Unauthorized, what the hook refuses with, and AccessUnavailable."""
        if id is not None and ID.fullmatch(id) is None:
            raise UnknownUpload("there is no such upload")
        if self._authorize is None:
            return ANYBODY
        access = Access(action=action, id=id, headers=headers.values, peer=peer)
        try:
            name: object = await self._authorize(access)
        except TuslineError:
            raise
        except Exception as error:
            log.exception("access.failed", action=action, upload_id=id)
            raise AccessUnavailable("rights cannot be checked now", retry_after=1) from error
        if name is None:
            raise Unauthorized("credentials are missing or wrong")
        if not isinstance(name, str):
            log.error("access.no_text", action=action, given=type(name).__name__)
            raise AccessUnavailable("the `authorize` hook must answer text or None")
        return Caller(owner=name, sees=name)
