"""The address under which the client sees us: for an absolute Location (CRE-19)."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import unquote, urlsplit

from tusline.http.requests import Request

_HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[([0-9A-Fa-f:.]{2,45})\])(?::[0-9]{1,5})?", re.ASCII)
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PAIR = re.compile(
    rf'[ \t]*({_TOKEN})=(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*))[ \t]*(?=[;,]|\Z)|[ \t]*(?=[;,]|\Z)',
    re.ASCII,
)
"""One pair of a Forwarded element (RFC 7239, section 4), or none before a separator. A value
that should be quoted for its colon need not be: few proxies care."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """`public_url` wins; then the forwarding headers of a peer in `proxies` (None: any peer);
    then the request's own scheme and Host."""

    public_url: str | None
    proxies: tuple[IPv4Network | IPv6Network, ...] | None

    def base(self, request: Request) -> str:
        """Scheme and host, or the whole public URL; no slash at the end."""
        if self.public_url:
            return self.public_url
        scheme = str(request.scope.get("scheme", "http"))
        host = request.headers.get("host")
        if self._trusted(request.peer):
            scheme, host = _forwarded(request, scheme, host)
        if host is None or not is_host(host):
            name, port = request.scope.get("server") or ("localhost", None)
            host = f"{name}:{port}" if port else str(name)
        return f"{scheme}://{host}"

    def mounts(self, request: Request) -> tuple[str, ...]:
        """The paths under which a client may know the creation URL that it asks, without a slash
        at the end; first the one that the request has. Proxies add to paths, and take from them."""
        path = request.path.rstrip("/")
        root = str(request.scope.get("root_path", "")).rstrip("/")
        seen = [path, root + path.removeprefix(root), path.removeprefix(root)]
        public = unquote(urlsplit(self.public_url or "").path).rstrip("/")
        return tuple(dict.fromkeys([*seen, *(public + known for known in seen)]))

    def _trusted(self, peer: str | None) -> bool:
        if self.proxies is None:
            return True
        try:
            address = ip_address(peer or "")
        except ValueError:
            return False
        return any(address in network for network in self.proxies)


def is_host(text: str) -> bool:
    """Whether it is a name or an address, perhaps with a port, that can stand in a URL."""
    match = _HOST.fullmatch(text)
    if match is None or match[1] is None:
        return match is not None
    try:
        IPv6Address(match[1])
    except ValueError:
        return False
    return True


def _forwarded(request: Request, scheme: str, host: str | None) -> tuple[str, str | None]:
    """The first hop's view: the standard header (RFC 7239), or the X- ones."""
    standard = request.headers.get("forwarded")
    if standard:
        told = first_element(standard)
    else:
        told = {
            name: value.partition(",")[0].strip()
            for name in ("proto", "host")
            if (value := request.headers.get(f"x-forwarded-{name}"))
        }
    if told.get("proto", "").lower() in ("http", "https"):
        scheme = told["proto"].lower()
    if is_host(told.get("host", "")):
        host = told["host"]
    return scheme, host


def first_element(forwarded: str) -> dict[str, str]:
    """The pairs of a Forwarded header's first element by lower-case name; none if it is
    malformed."""
    pairs: dict[str, str] = {}
    at = 0
    while (pair := _PAIR.match(forwarded, at)) is not None:
        name, quoted, plain = pair.groups()
        if name is not None:
            pairs[name.lower()] = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        at = pair.end()
        if at == len(forwarded) or forwarded[at] == ",":
            return pairs
        at += 1
    return {}
