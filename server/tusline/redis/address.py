"""Where a Redis server is, and how it is entered: what REDIS_URL says."""

import ssl
from dataclasses import dataclass, field, replace
from typing import Any

from redis.connection import SSLConnection, UnixDomainSocketConnection, parse_url

from tusline.errors import ConfigurationError

PORT = 6379
KNOWN = {
    "connection_class",
    "host",
    "port",
    "path",
    "db",
    "username",
    "password",
    "ssl_cert_reqs",
    "ssl_ca_certs",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A server by host and port, or by the path of its unix socket."""

    host: str = "localhost"
    port: int = PORT
    path: str | None = None
    db: int = 0
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = field(default=None, repr=False)

    def at(self, host: str, port: int) -> "Address":
        """Another server of the same cluster: entered the same way."""
        return replace(self, host=host, port=port, path=None)

    def __str__(self) -> str:
        return self.path or f"{self.host}:{self.port}"


def parse(url: str, *, verify: bool = True) -> Address:
    """The address in a redis://, rediss:// or unix:// URL. With `verify` off, as with
    `ssl_cert_reqs=none` in the URL, any certificate will do. Raises ConfigurationError; its message
    does not repeat the URL, which may hold a password."""
    try:
        told: dict[str, Any] = parse_url(url)  # type: ignore[no-untyped-call]
    except ValueError:
        raise ConfigurationError(
            "REDIS_URL must be redis://host:port/db, rediss://… or unix:///path/of/the/socket"
        ) from None
    unknown = sorted(told.keys() - KNOWN)
    if unknown:
        raise ConfigurationError(f"REDIS_URL: {', '.join(unknown)} has no meaning here")
    kind = told.get("connection_class")
    if kind is UnixDomainSocketConnection and not told.get("path"):
        raise ConfigurationError("REDIS_URL: unix:// needs the path of a socket")
    return Address(
        host=told.get("host", "localhost"),
        port=told.get("port", PORT),
        path=told.get("path"),
        db=int(told.get("db", 0)),
        username=told.get("username"),
        password=told.get("password"),
        tls=_tls(told, verify) if kind is SSLConnection else None,
    )


def _tls(told: dict[str, Any], verify: bool) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=told.get("ssl_ca_certs"))
    except OSError as error:
        raise ConfigurationError(f"REDIS_URL: ssl_ca_certs cannot be read: {error}") from None
    if not verify or told.get("ssl_cert_reqs") == "none":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
