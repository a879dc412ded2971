"""What the values of settings can be: sizes, seconds, lists, networks, addresses. Text among the
annotations is the unit, as `tusline settings` tells it.
"""

from ipaddress import ip_network
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, ByteSize, Field, SecretStr, TypeAdapter
from pydantic_settings import NoDecode


def _bytes(value: object) -> int:
    return TypeAdapter(ByteSize).validate_python(value)


def _split(value: object) -> object:
    if isinstance(value, str):
        return tuple(word for word in (part.strip() for part in value.split(",")) if word)
    return value


def _networks(value: tuple[str, ...]) -> tuple[str, ...]:
    for word in value:
        if word != "*":
            ip_network(word, strict=False)
    return value


def _absolute(value: str | None) -> str | None:
    if not value:
        return None
    if not value.startswith(("http://", "https://")):
        raise ValueError("must start with http:// or https://")
    return value.rstrip("/")


Bytes = Annotated[int, BeforeValidator(_bytes), "bytes"]
"""A size in bytes; as text also with a unit, 10MiB for example."""

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False), "seconds"]

PerSecond = Annotated[float, Field(ge=0, allow_inf_nan=False), "per second"]

Gone = Annotated[Literal[410, 404], BeforeValidator(int)]
"""A status for what is no more."""

Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
"""A comma-separated list."""

Networks = Annotated[Words, AfterValidator(_networks)]
"""Addresses or networks, or `*` for all."""

Address = Annotated[str | None, AfterValidator(_absolute)]
"""An http address without a slash at the end."""

Secret = Annotated[SecretStr | None, BeforeValidator(lambda value: value or None), "text"]
"""Text that no message repeats."""


def mebibytes(size: int) -> str:
    """A size as a person reads it."""
    return f"{size / 1024**2:,.0f} MiB"
