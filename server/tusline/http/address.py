"""The address under which the client sees us: for an absolute Location (CRE-19)."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address
from urllib.parse import unquote, urlsplit

from tusline.http.requests import Request

_HOST = re.compile(r"[A-Za-z0-9._\-\[\]:]{1,255}", re.ASCII)
_FORWARDED = re.compile(r'(?:^|[;,\s])(proto|host)="?([^;,"\s]+)"?', re.IGNORECASE)


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
        if host is None or not _HOST.fullmatch(host):
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


def _forwarded(request: Request, scheme: str, host: str | None) -> tuple[str, str | None]:
    """The first hop's view: the standard header (RFC 7239), or the X- ones."""
    standard = request.headers.get("forwarded")
    if standard:
        first = standard.partition(",")[0]
        told = {name.lower(): value for name, value in _FORWARDED.findall(first)}
    else:
        told = {
            name: value.partition(",")[0].strip()
            for name in ("proto", "host")
            if (value := request.headers.get(f"x-forwarded-{name}"))
        }
    if told.get("proto", "").lower() in ("http", "https"):
        scheme = told["proto"].lower()
    if _HOST.fullmatch(told.get("host", "")):
        host = told["host"]
    return scheme, host
