"""Where tusline listens, and who may talk to it."""

from pathlib import Path

from pydantic import AliasChoices, BaseModel, Field

from tusline.units import Address, Networks, Words


class Serving(BaseModel):
    """Addresses, proxies, browsers, strangers, the log."""

    data: Path = Field(
        default=Path("tusline-data"),
        description="Folder of the embedded records and the disk store.",
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(
        default=8000,
        ge=0,
        le=65535,
        validation_alias=AliasChoices("TUSLINE_PORT", "PORT", "port"),
        description="Port to listen on, before PORT, which is read too. 0 takes a free one.",
    )
    public_url: Address = Field(
        default=None,
        description="Address that clients see, e.g. https://example.org. Unset: taken from the "
        "request, and from forwarding headers of a trusted proxy.",
    )
    trusted_proxies: Networks = Field(
        default=("127.0.0.1", "::1"),
        description="Addresses or networks whose Forwarded and X-Forwarded-* headers count; "
        "`*` trusts every peer (right behind a router such as Heroku's).",
    )
    cors_origins: Words = Field(
        default=("*",), description="Origins that a browser page may upload from; `*` allows all."
    )
    cors_headers: Words = Field(
        default=(), description="Request headers that a browser page may send besides the usual."
    )
    allow_anonymous: bool = Field(
        default=False,
        description="Let a server without an `authorize` hook listen beyond loopback: the "
        "unguessable upload id is then the only key.",
    )

    log_format: str = Field(
        default="auto",
        pattern="^(auto|json|text)$",
        description="`json`, `text`, or `auto`: text on a terminal.",
    )
    log_level: str = Field(
        default="info",
        pattern="^(debug|info|warning|error)$",
        description="Least level that is logged.",
    )
