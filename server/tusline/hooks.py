"""What a host application decides: who may do what (the `authorize` door)."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from tusline.upload import UploadId


class Action(StrEnum):
    CREATE = "create"
    APPEND = "append"
    LOOK = "look"
    DOWNLOAD = "download"
    TERMINATE = "terminate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """A request for a right. `headers` are the request's, by lower-case name; `id` is None for a
    creation; `peer` is the address the connection comes from, if known."""

    action: Action
    id: UploadId | None
    headers: Mapping[str, str]
    peer: str | None


Authorize = Callable[[Access], Awaitable[str | None]]
"""Answers the name of the caller, who owns what it creates and sees only its own; None refuses
with 401. May raise a TuslineError, Forbidden for example. Anything else that it raises means that
the rights cannot be known now: the client is asked to come back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """The host's callables. Without `authorize` the unguessable id is key enough."""

    authorize: Authorize | None = None


ANONYMOUS = (
    "anybody who reaches this application can upload: give Hooks(authorize=...), or say "
    "Settings(allow_anonymous=True) where the unguessable id is key enough"
)
"""What a host hears that gives no `authorize` and has not allowed that."""
